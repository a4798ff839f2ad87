import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  MemberDataServiceService,
  type ReadMemberDataRequest,
  type ReadMemberDataResponse,
} from '@regulars/contracts/privacy/v1/privacy';
import { DataSource } from 'typeorm';
import { refusal } from '../refusal.js';
import { principalOf, RpcController, type RpcHandlers } from '../rpc-server.js';
import { traceparentIn } from '../telemetry.js';
import { DATA, type FindsMemberData, SERVICE } from './member-data.js';

const pageLength = 500;

/** Tells what the service has of a member. */
@Controller()
@RpcController(MemberDataServiceService)
export class MemberDataController implements RpcHandlers<typeof MemberDataServiceService> {
  constructor(
    @Inject(DATA) private readonly data: FindsMemberData,
    @Inject(SERVICE) private readonly service: string,
    @Inject(DataSource) private readonly dataSource: DataSource,
  ) {}

  async readMemberData(request: ReadMemberDataRequest, metadata: Metadata): Promise<ReadMemberDataResponse> {
    const { memberId, cursor } = request;
    const principal = principalOf(metadata);
    const { kind, sub, roles } = principal;
    const isHerself = kind === 'member' && sub === memberId;
    if (!isHerself && !roles.includes('administrator')) throw refusal('PERMISSION_DENIED', 'NOT_ALLOWED');
    const from = Number(cursor || '0');
    if (!Number.isSafeInteger(from) || from < 0 || !/^[0-9a-f-]{36}$/.test(memberId)) {
      const faults = [{ pointer: '/cursor', message: 'the next_cursor of a page before, and a member id' }];
      throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults });
    }
    if (from === 0) await this.data().beforeTold?.({ principal, traceparent: traceparentIn(metadata) }, memberId);
    const all = await this.data().recordsOf(this.dataSource.manager, memberId);
    const records = all.slice(from, from + pageLength).map((record) => JSON.stringify(record));
    const nextCursor = from + pageLength < all.length ? String(from + pageLength) : '';
    return { service: this.service, records, nextCursor };
  }
}
