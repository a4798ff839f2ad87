import type { Metadata } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import type { PageRequest } from '@regulars/contracts/call/v1/call';
import {
  BirthdayStanding,
  type ExplainTierChangeRequest,
  type ExplainTierChangeResponse,
  type GetTierRequest,
  type GetTierResponse,
  type GrantTierRequest,
  type GrantTierResponse,
  type ListTierChangesRequest,
  type ListTierChangesResponse,
  type MemberTier,
  type TierChangeEntry,
  TierServiceService,
} from '@regulars/contracts/loyalty/v1/tiers';
import {
  isDryRun,
  type Page,
  type Principal,
  pageOf,
  principalOf,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { BirthdaysService } from '../birthdays/birthdays.service.js';
import { isUuid } from '../programmes/checks.js';
import { isPlain } from '../receipts/receipt.js';
import { changeKinds, type RecordedChange } from './tier-events.js';
import { TiersService, type TierView } from './tiers.service.js';

/** gRPC ⇄ tiers. */
@Controller()
@RpcController(TierServiceService)
export class TiersController implements RpcHandlers<typeof TierServiceService> {
  constructor(
    private readonly tiers: TiersService,
    private readonly birthdays: BirthdaysService,
  ) {}

  async getTier({ memberId, programmeId }: GetTierRequest, metadata: Metadata): Promise<GetTierResponse> {
    const found = await this.tiers.tier(known(memberId, principalOf(metadata)), optional(programmeId));
    if (found.outcome !== 'found') throw noAccount(found.outcome);
    return { tier: await this.tierOf(memberId, found) };
  }

  async listTierChanges(
    { memberId, page }: ListTierChangesRequest,
    metadata: Metadata,
  ): Promise<ListTierChangesResponse> {
    const found = await this.tiers.changes(known(memberId, principalOf(metadata)), pageIn(page));
    return { changes: found.page.map(entryOf), nextCursor: found.nextCursor };
  }

  async explainTierChange(request: ExplainTierChangeRequest, metadata: Metadata): Promise<ExplainTierChangeResponse> {
    const memberId = known(request.memberId, principalOf(metadata));
    const { changeId } = request;
    const found = isUuid(changeId) ? await this.tiers.explain(memberId, changeId, pageIn(request.page)) : undefined;
    if (!found) throw refusal('NOT_FOUND', 'TIER_CHANGE_UNKNOWN');
    const counted = found.page.map(({ entryId, sourceId, businessDate, storeId, countedMinor }) => {
      return { entryId, sourceId, businessDate, storeId: storeId ?? '', countedMinor };
    });
    return { change: entryOf(found.change), counted, nextCursor: found.nextCursor };
  }

  @TakesDryRuns()
  async grantTier(request: GrantTierRequest, metadata: Metadata): Promise<GrantTierResponse> {
    const principal = principalOf(metadata);
    const { tier, until, reason, idempotencyKey } = request;
    if (!isPlain(idempotencyKey, 255)) throw malformed('/idempotencyKey', 'is needed');
    const memberId = known(request.memberId, principal);
    const programmeId = optional(request.programmeId);
    const granting = { memberId, programmeId, tier, until, reason, actor: principal.sub, idempotencyKey };
    const granted = await this.tiers.grant(granting, isDryRun(metadata));
    switch (granted.outcome) {
      case 'found':
        return { tier: await this.tierOf(memberId, granted), replayed: granted.replayed };
      case 'refused':
        throw refusal('ALREADY_EXISTS', granted.reason);
      case 'malformed':
        throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: granted.faults });
      case 'no-reviews':
        throw refusal('FAILED_PRECONDITION', 'NO_TIER_REVIEWS', { allowed: ['publish a version with tierReview'] });
      default:
        throw noAccount(granted.outcome);
    }
  }

  private async tierOf(memberId: string, { balance, kept }: TierView): Promise<MemberTier> {
    const { programmeId, standing } = balance;
    const { tier, next, missingMinor, spentMinor } = standing;
    const isKept = kept?.tier === tier.code;
    return {
      memberId,
      programmeId,
      progress: { tier: tier.code, nextTier: next?.code ?? '', missingMinor, spentMinor },
      tier,
      since: isKept ? kept.since : '',
      keptUntil: (isKept && kept.until) || '',
      birthday: standingOf(await this.birthdays.isOpenToday(memberId, programmeId)),
    };
  }
}

function standingOf(isOpen: boolean | undefined): BirthdayStanding {
  if (isOpen === undefined) return BirthdayStanding.UNSPECIFIED;
  return isOpen ? BirthdayStanding.OPEN : BirthdayStanding.CLOSED;
}

function entryOf({ kind, keptUntil, changedMs, ...change }: RecordedChange): TierChangeEntry {
  const { changeId, fromTier, toTier, happenedOn, countedFrom, countedUntil, spentMinor, missingMinor, reason } =
    change;
  return {
    changeId,
    kind: changeKinds[kind],
    fromTier,
    toTier,
    happenedOn,
    keptUntil: keptUntil ?? '',
    countedFrom,
    countedUntil,
    spentMinor,
    missingMinor,
    reason,
    changedAt: new Date(changedMs),
  };
}

/** A member reads only what is its own; to it, others do not exist. */
function known(memberId: string, { kind, sub }: Principal): string {
  if (!isUuid(memberId) || (kind === 'member' && sub !== memberId)) throw noAccount('no-account');
  return memberId;
}

function optional(programmeId: string): string | undefined {
  if (programmeId !== '' && !isUuid(programmeId)) throw noAccount('no-account');
  return programmeId || undefined;
}

function pageIn(request: PageRequest | undefined): Page {
  const read = pageOf(request);
  if (!read) throw malformed('/page/cursor', 'is no cursor of this list');
  return read;
}

function noAccount(outcome: 'no-account' | 'several-accounts') {
  if (outcome === 'no-account') return refusal('NOT_FOUND', 'ACCOUNT_UNKNOWN');
  return malformed('/programmeId', 'is needed: the member has accounts in several programmes');
}

function malformed(pointer: string, message: string) {
  return refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: [{ pointer, message }] });
}
