import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import {
  type Conflict,
  ConflictAction,
  type GetStoreDayRequest,
  type GetStoreDayResponse,
  type ListConflictsRequest,
  type ListConflictsResponse,
  type ListDayReportsRequest,
  type ListDayReportsResponse,
  ReconciliationServiceService,
  type SettleConflictRequest,
  type SettleConflictResponse,
  type StoreDay,
} from '@regulars/contracts/loyalty/v1/reconciliation';
import {
  mayActFor,
  type Page,
  pageOf,
  principalOf,
  type RefusalStatus,
  RpcController,
  type RpcHandlers,
  refusal,
} from '@regulars/service';
import { isDate } from '../programmes/calendar.js';
import { isUuid } from '../programmes/terms.js';
import { isPlain } from '../receipts/receipt.js';
import { storesToTell } from '../stores/store-scope.js';
import type { ConflictAction as ActionWord, ConflictRow } from './conflict.js';
import { type ConflictRefusal, ConflictsService } from './conflicts.service.js';
import { StoreDaysService, type StoreDayView } from './store-days.service.js';

/** gRPC ⇄ reconciliation. */
@Controller()
@RpcController(ReconciliationServiceService)
export class ReconciliationController implements RpcHandlers<typeof ReconciliationServiceService> {
  constructor(
    private readonly days: StoreDaysService,
    private readonly conflicts: ConflictsService,
  ) {}

  async getStoreDay(request: GetStoreDayRequest, metadata: Metadata): Promise<GetStoreDayResponse> {
    const { storeId, businessDate } = request;
    if (!isUuid(storeId)) throw refusal('NOT_FOUND', 'STORE_UNKNOWN');
    if (!isDate(businessDate)) throw malformed('/businessDate', 'is no date, YYYY-MM-DD');
    if (!mayActFor(principalOf(metadata), storeId)) throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
    const found = await this.days.day(storeId, businessDate);
    if (found.outcome === 'found') return { day: dayOf(found.day) };
    throw refusal(found.reason === 'STORE_UNKNOWN' ? 'NOT_FOUND' : 'FAILED_PRECONDITION', found.reason);
  }

  async listDayReports(request: ListDayReportsRequest, metadata: Metadata): Promise<ListDayReportsResponse> {
    const page = pageIn(request.page, (date, storeId) => isDate(date) && isUuid(storeId));
    const found = await this.days.reports(storesIn(request.storeId, metadata), page);
    const reports = found.page.map(({ madeAt, ...day }) => dayOf({ ...day, reportedAt: madeAt }));
    return { reports, nextCursor: found.nextCursor };
  }

  async listConflicts(request: ListConflictsRequest, metadata: Metadata): Promise<ListConflictsResponse> {
    const page = pageIn(request.page, (at, conflictId) => !Number.isNaN(Date.parse(at)) && isUuid(conflictId));
    const found = await this.conflicts.list(storesIn(request.storeId, metadata), request.openOnly, page);
    return { conflicts: found.page.map(conflictOf), nextCursor: found.nextCursor };
  }

  async settleConflict(request: SettleConflictRequest, metadata: Metadata): Promise<SettleConflictResponse> {
    const { conflictId, idempotencyKey: key, note } = request;
    if (!isPlain(key, 255)) throw malformed('/idempotencyKey', 'is needed');
    if (!isPlain(note, 500)) throw malformed('/note', 'expected 1 to 500 characters');
    const action = words.find((word) => actions[word] === request.action);
    if (!action) throw malformed('/action', `expected one of ${words.join(', ')}`);
    const principal = principalOf(metadata);
    const known = isUuid(conflictId) ? await this.conflicts.find(conflictId) : undefined;
    if (!known || !mayActFor(principal, known.storeId)) throw refusal('NOT_FOUND', 'CONFLICT_UNKNOWN');
    const settled = await this.conflicts.settle({ caller: principal.sub, key }, { conflictId, action, note });
    if (settled.outcome === 'refused') throw refusal(statuses[settled.reason], settled.reason);
    return { conflict: conflictOf(settled.conflict), replayed: settled.replayed };
  }
}

const statuses: Record<ConflictRefusal, RefusalStatus> = {
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
  CONFLICT_UNKNOWN: 'NOT_FOUND',
  CONFLICT_SETTLED: 'FAILED_PRECONDITION',
};

const words = ['acknowledged', 'explained', 'posted-late', 'adjusted'] as const;
const actions: Record<ActionWord, ConflictAction> = {
  acknowledged: ConflictAction.ACKNOWLEDGED,
  explained: ConflictAction.EXPLAINED,
  'posted-late': ConflictAction.POSTED_LATE,
  adjusted: ConflictAction.ADJUSTED,
};

function storesIn(storeId: string, metadata: Metadata): readonly string[] | undefined {
  if (storeId !== '' && !isUuid(storeId)) throw malformed('/storeId', 'is no UUID');
  const told = storesToTell(principalOf(metadata), storeId);
  if (told.outcome === 'foreign') throw refusal('PERMISSION_DENIED', 'STORE_NOT_ALLOWED');
  return told.storeIds;
}

function pageIn(request: Parameters<typeof pageOf>[0], isKey: (one: string, other: string) => boolean): Page {
  const page = pageOf(request);
  const [one, other] = page?.after ?? [];
  if (!page || (page.after && !isKey(String(one), String(other)))) throw malformed('/page/cursor', 'is no cursor');
  return page;
}

function dayOf({ reportedAt, tills, ...day }: StoreDayView): StoreDay {
  const told = tills.map(({ missing: missingNumbers, gaps, ...till }) => ({
    ...till,
    gaps: [...gaps],
    missingNumbers,
  }));
  return { ...day, tills: told, reportedAt: reportedAt ?? undefined };
}

function conflictOf(row: ConflictRow): Conflict {
  const { storeId, tillId, businessDate, receiptNumber } = row;
  return {
    conflictId: row.conflictId,
    programmeId: row.programmeId,
    receipt: { storeId, tillId, businessDate, receiptNumber },
    kind: row.kind,
    bodyJson: row.body,
    postedAt: row.postedAt,
    action: row.action === null ? ConflictAction.UNSPECIFIED : actions[row.action],
    note: row.note ?? '',
    settledBy: row.settledBy ?? '',
    settledAt: row.settledAt ?? undefined,
  };
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
