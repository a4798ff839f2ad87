import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, type Page, traceIdOf } from '@regulars/service';
import { DataSource } from 'typeorm';
import type { Caller } from '../caller.js';
import { type AccessLogLine, appendAccess, linesOf } from './access-log.store.js';

/** Who saw clear personal data, what, why and when (requirement M6). */
@Injectable()
export class AccessLogService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Committed before the data leaves: a line may stand for an answer that got lost, never the other way round. */
  async record(
    caller: Caller,
    memberIds: readonly string[],
    fields: readonly string[],
    purpose: string,
  ): Promise<void> {
    if (memberIds.length === 0) return;
    const { principal, traceparent } = caller;
    await appendAccess(this.dataSource.manager, memberIds, {
      at: this.clock.now(),
      principal: principal.sub,
      kind: principal.kind,
      roles: principal.roles,
      fields,
      purpose,
      traceId: traceparent ? traceIdOf(traceparent) : null,
    });
  }

  /** Who saw clear data of a member, newest first. */
  async of(memberId: string, page: Page): Promise<{ lines: AccessLogLine[]; nextCursor: string }> {
    const stored = await linesOf(this.dataSource.manager, memberId, page);
    const { page: lines, nextCursor } = cutPage(stored, page.limit, (line) => [line.entry]);
    return { lines, nextCursor };
  }
}
