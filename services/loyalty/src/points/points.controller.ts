import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import type { PageRequest } from '@regulars/contracts/call/v1/call';
import {
  type Entry,
  EntryKind,
  type ExplainEntryRequest,
  type ExplainEntryResponse,
  type GetBalanceRequest,
  type GetBalanceResponse,
  type GetStatementRequest,
  type GetStatementResponse,
  type ListEntriesRequest,
  type ListEntriesResponse,
  PointsServiceService,
} from '@regulars/contracts/loyalty/v1/points';
import { type Page, pageOf, principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import type { EntryRow } from './entry.js';
import { inWords } from './explain.js';
import { PointsService } from './points.service.js';

const kinds = {
  earn: EntryKind.EARN,
  'refund-reversal': EntryKind.REFUND_REVERSAL,
  expire: EntryKind.EXPIRE,
} as const;

/** gRPC ⇄ points. */
@Controller()
@RpcController(PointsServiceService)
export class PointsController implements RpcHandlers<typeof PointsServiceService> {
  constructor(private readonly points: PointsService) {}

  async getBalance(request: GetBalanceRequest, metadata: Metadata): Promise<GetBalanceResponse> {
    const memberId = known(request.memberId, metadata);
    const found = await this.points.balance(memberId, programmeOf(request.programmeId));
    if (found.outcome !== 'found') throw accountRefusal(found.outcome);
    const { programmeId, balance, standing, expiringPoints, expiringAt } = found.balance;
    const { tier, next, missingMinor, spentMinor } = standing;
    return {
      memberId,
      programmeId,
      balance,
      tier: { tier: tier.code, nextTier: next?.code ?? '', missingMinor, spentMinor },
      expiringPoints,
      expiringAt: expiringAt ?? undefined,
    };
  }

  async listEntries(request: ListEntriesRequest, metadata: Metadata): Promise<ListEntriesResponse> {
    const programmeId = programmeOf(request.programmeId);
    const found = await this.points.entries(known(request.memberId, metadata), programmeId, page(request.page));
    if (found.outcome !== 'found') throw accountRefusal(found.outcome);
    return { entries: found.page.map(entryOf), nextCursor: found.nextCursor };
  }

  async getStatement(request: GetStatementRequest, metadata: Metadata): Promise<GetStatementResponse> {
    const { month } = request;
    if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw malformed('/month', 'is no month, YYYY-MM');
    const programmeId = programmeOf(request.programmeId);
    const found = await this.points.statement(
      known(request.memberId, metadata),
      programmeId,
      month,
      page(request.page),
    );
    if (found.outcome !== 'found') throw accountRefusal(found.outcome);
    const { opening, closing, earned, taken, nextCursor } = found;
    const entries = found.page.map(entryOf);
    return { month, openingBalance: opening, closingBalance: closing, earned, taken, entries, nextCursor };
  }

  async explainEntry({ entryId }: ExplainEntryRequest, metadata: Metadata): Promise<ExplainEntryResponse> {
    const found = isUuid(entryId) ? await this.points.explain(entryId) : undefined;
    if (!found || !mayRead(found.memberId, metadata)) throw refusal('NOT_FOUND', 'ENTRY_UNKNOWN');
    const steps = found.steps.map((step) => {
      const [code, pointsE4, numbers] = step;
      return { code, pointsE4, numbers: { ...numbers }, text: inWords(step) };
    });
    return { entry: entryOf(found), programmeVersion: found.programmeVersion, steps };
  }
}

function entryOf(row: EntryRow): Entry {
  const { entryId, memberId, programmeId, memberSeq, points, balanceAfter, sourceId, businessDate, postedAt } = row;
  const kind = kinds[row.kind];
  const storeId = row.storeId ?? '';
  return {
    entryId,
    memberId,
    programmeId,
    memberSeq,
    kind,
    points,
    balanceAfter,
    sourceId,
    storeId,
    businessDate,
    postedAt,
  };
}

function known(memberId: string, metadata: Metadata): string {
  if (!isUuid(memberId) || !mayRead(memberId, metadata)) throw accountRefusal('no-account');
  return memberId;
}

/** A member reads only what is its own; to it, others do not exist. */
function mayRead(memberId: string, metadata: Metadata): boolean {
  const { kind, sub } = principalOf(metadata);
  return kind !== 'member' || sub === memberId;
}

function programmeOf(programmeId: string): string | undefined {
  if (programmeId !== '' && !isUuid(programmeId)) throw accountRefusal('no-account');
  return programmeId || undefined;
}

function page(request: PageRequest | undefined): Page {
  const read = pageOf(request);
  if (!read) throw malformed('/page/cursor', 'is no cursor of this list');
  return read;
}

function accountRefusal(outcome: 'no-account' | 'several-accounts') {
  if (outcome === 'no-account') return refusal('NOT_FOUND', 'ACCOUNT_UNKNOWN');
  return malformed('/programmeId', 'is needed: the member has accounts in several programmes');
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
