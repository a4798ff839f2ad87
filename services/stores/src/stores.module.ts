import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MessagingModule } from '@regulars/messaging';
import { ConfigurationController } from '@regulars/service';
import { brandTopic } from './brands/brands.js';
import { BrandsService } from './brands/brands.service.js';
import { BrandRow } from './brands/brands.store.js';
import { ChangesService } from './changes/changes.service.js';
import { LimitsController } from './limits/limits.controller.js';
import { LimitsService } from './limits/limits.service.js';
import { RepublishOps } from './republish.ops.js';
import { storeTopic } from './stores/stores.js';
import { StoresService } from './stores/stores.service.js';
import { StoreRow } from './stores/stores.store.js';
import { StoresController } from './stores.controller.js';
import { tillTopic } from './tills/tills.js';
import { TillsService } from './tills/tills.service.js';
import { TillKeyRow, TillRow } from './tills/tills.store.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([BrandRow, StoreRow, TillRow, TillKeyRow]),
    MessagingModule.forRoot({
      source: '/regulars/stores',
      topics: [brandTopic, storeTopic, tillTopic].map((name) => ({ name, compacted: true })),
      consumers: [],
    }),
  ],
  controllers: [StoresController, LimitsController, ConfigurationController],
  providers: [ChangesService, BrandsService, StoresService, TillsService, RepublishOps, LimitsService],
})
export class StoresModule {}
