import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
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
  type Read,
  type ReadManyRequest,
  type ReadManyResponse,
  type ReadResult,
} from '@regulars/contracts/loyalty/v1/points';
import {
  failureOf,
  ItemPrincipals,
  type Page,
  type Principal,
  PrincipalVerifier,
  pageOf,
  principalOf,
  RpcController,
  type RpcHandlers,
  refusal,
  spanOf,
} from '@regulars/service';
import { isUuid } from '../programmes/terms.js';
import type { EntryRow } from './entry.js';
import { stepsInWords } from './explain.js';
import { PointsService } from './points.service.js';

const kinds = {
  earn: EntryKind.EARN,
  'refund-reversal': EntryKind.REFUND_REVERSAL,
  expire: EntryKind.EXPIRE,
  merge: EntryKind.MERGE,
  erasure: EntryKind.ERASURE,
  redeem: EntryKind.REDEEM,
  'redemption-return': EntryKind.REDEMPTION_RETURN,
  adjust: EntryKind.ADJUST,
  opening: EntryKind.OPENING,
} as const;

/** gRPC ⇄ points. */
@Controller()
@RpcController(PointsServiceService)
export class PointsController implements RpcHandlers<typeof PointsServiceService> {
  constructor(
    private readonly points: PointsService,
    @Inject(PrincipalVerifier) private readonly verifier: PrincipalVerifier,
  ) {}

  getBalance(request: GetBalanceRequest, metadata: Metadata): Promise<GetBalanceResponse> {
    return this.balance(request, principalOf(metadata));
  }

  listEntries(request: ListEntriesRequest, metadata: Metadata): Promise<ListEntriesResponse> {
    return this.entries(request, principalOf(metadata));
  }

  getStatement(request: GetStatementRequest, metadata: Metadata): Promise<GetStatementResponse> {
    return this.statement(request, principalOf(metadata));
  }

  explainEntry(request: ExplainEntryRequest, metadata: Metadata): Promise<ExplainEntryResponse> {
    return this.explanation(request, principalOf(metadata));
  }

  @ItemPrincipals()
  async readMany({ reads }: ReadManyRequest): Promise<ReadManyResponse> {
    if (reads.length < 1 || reads.length > 256) throw malformed('/reads', 'expected 1 to 256 reads');
    return { results: await Promise.all(reads.map((read) => this.result(read))) };
  }

  private async result({ context, what }: Read): Promise<ReadResult> {
    const traceparent = context?.traceparent;
    const span = traceparent ? spanOf(`read ${what?.$case}`, 'server', traceparent) : undefined;
    try {
      const principal = await this.verifier.verify(context?.principal ?? '');
      if (!principal) throw refusal('UNAUTHENTICATED', 'PRINCIPAL_NOT_VERIFIED');
      return { outcome: await this.outcome(what, principal) };
    } catch (error) {
      return { outcome: { $case: 'failure', value: failureOf(error) } };
    } finally {
      span?.end();
    }
  }

  private async outcome(what: Read['what'], principal: Principal): Promise<ReadResult['outcome']> {
    switch (what?.$case) {
      case 'balance':
        return { $case: 'balance', value: await this.balance(what.value, principal) };
      case 'entries':
        return { $case: 'entries', value: await this.entries(what.value, principal) };
      case 'statement':
        return { $case: 'statement', value: await this.statement(what.value, principal) };
      case 'explanation':
        return { $case: 'explanation', value: await this.explanation(what.value, principal) };
      case undefined:
        throw malformed('/what', 'says what to read');
    }
  }

  private async balance(request: GetBalanceRequest, principal: Principal): Promise<GetBalanceResponse> {
    const memberId = known(request.memberId, principal);
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

  private async entries(request: ListEntriesRequest, principal: Principal): Promise<ListEntriesResponse> {
    const programmeId = programmeOf(request.programmeId);
    const found = await this.points.entries(known(request.memberId, principal), programmeId, page(request.page));
    if (found.outcome !== 'found') throw accountRefusal(found.outcome);
    return { entries: found.page.map(entryOf), nextCursor: found.nextCursor };
  }

  private async statement(request: GetStatementRequest, principal: Principal): Promise<GetStatementResponse> {
    const { month } = request;
    if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw malformed('/month', 'is no month, YYYY-MM');
    const programmeId = programmeOf(request.programmeId);
    const memberId = known(request.memberId, principal);
    const found = await this.points.statement(memberId, programmeId, month, page(request.page));
    if (found.outcome !== 'found') throw accountRefusal(found.outcome);
    const { opening, closing, earned, taken, nextCursor } = found;
    const entries = found.page.map(entryOf);
    return { month, openingBalance: opening, closingBalance: closing, earned, taken, entries, nextCursor };
  }

  private async explanation({ entryId }: ExplainEntryRequest, principal: Principal): Promise<ExplainEntryResponse> {
    const found = isUuid(entryId) ? await this.points.explain(entryId) : undefined;
    if (!found || !mayRead(found.memberId, principal)) throw refusal('NOT_FOUND', 'ENTRY_UNKNOWN');
    const steps = stepsInWords(found.steps, found.ruleOf);
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

function known(memberId: string, principal: Principal): string {
  if (!isUuid(memberId) || !mayRead(memberId, principal)) throw accountRefusal('no-account');
  return memberId;
}

/** A member reads only what is its own; to it, others do not exist. */
function mayRead(memberId: string, { kind, sub }: Principal): boolean {
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
