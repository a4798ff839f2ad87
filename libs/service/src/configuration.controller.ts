import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  ConfigurationServiceService,
  type ListChangesRequest,
  type ListChangesResponse,
  type VerifyChangesRequest,
  type VerifyChangesResponse,
} from '@regulars/contracts/call/v1/configuration';
import { DataSource } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { configurationChanges, verifyConfiguration } from './configuration-log.js';
import { refusal } from './refusal.js';
import { principalOf, RpcController, type RpcHandlers } from './rpc-server.js';

/** Tells auditors of a service's configuration log; for the modules of services that write one. */
@Controller()
@RpcController(ConfigurationServiceService)
export class ConfigurationController implements RpcHandlers<typeof ConfigurationServiceService> {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  async listChanges(request: ListChangesRequest, metadata: Metadata): Promise<ListChangesResponse> {
    onlyForAuditors(metadata);
    const { principal, recordId, change, from, until, beforeEntry, limit } = request;
    if (recordId !== '' && !isUuid(recordId)) return { changes: [] };
    const changes = await configurationChanges(this.dataSource.manager, {
      principal: principal || undefined,
      recordId: recordId || undefined,
      change: change || undefined,
      from,
      until,
      beforeEntry: beforeEntry || undefined,
      limit: Math.min(Math.max(limit || 50, 1), 201),
    });
    return { changes };
  }

  async verifyChanges(_request: VerifyChangesRequest, metadata: Metadata): Promise<VerifyChangesResponse> {
    onlyForAuditors(metadata);
    return verifyConfiguration(this.dataSource.manager);
  }
}

function onlyForAuditors(metadata: Metadata): void {
  const { roles } = principalOf(metadata);
  if (!roles.includes('auditor') && !roles.includes('administrator')) throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
}
