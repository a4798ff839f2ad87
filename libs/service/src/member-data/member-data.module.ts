import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { MergesConsumer } from '../merge.js';
import { MemberDataController } from './member-data.controller.js';
import { DATA, type MemberData, SERVICE } from './member-data.js';
import { memberDataConsumers } from './orders.consumer.js';
import { MemberDataTasks } from './tasks.job.js';

/** The duties of a service towards members whose data it has. */
@Module({})
export class MemberDataModule {
  /**
   * @param service its name; its migrations run `memberDataTables`, its messaging has `privacyTopics(service)` and
   *   `memberDataConsumers`, its gRPC server `MemberDataServiceService`
   * @param data a provider of the service's own
   */
  static forRoot(service: string, data: Type<MemberData>): DynamicModule {
    return {
      module: MemberDataModule,
      controllers: [MemberDataController],
      providers: [
        { provide: SERVICE, useValue: service },
        {
          provide: DATA,
          useFactory: (modules: ModuleRef) => () => modules.get(data, { strict: false }),
          inject: [ModuleRef],
        },
        ...memberDataConsumers,
        { provide: MergesConsumer, useValue: new MergesConsumer(service) },
        MemberDataTasks,
      ],
    };
  }
}
