import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type AcceptNoticesRequest,
  type AcceptNoticesResponse,
  type AskToConfirmRequest,
  type AskToConfirmResponse,
  type ConfirmRecordRequest,
  type ConfirmRecordResponse,
  type GetTagsRequest,
  type GetTagsResponse,
  type ListStaleRequest,
  type ListStaleResponse,
  MemberDirectoryServiceService,
  type SearchMembersRequest,
  type SearchMembersResponse,
  type SetTagsRequest,
  type SetTagsResponse,
} from '@regulars/contracts/members/v1/directory';
import {
  CLOCK,
  type Clock,
  idempotencyKeyIn,
  type Once,
  principalOf,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { RegistrationService } from '../members/registration.service.js';
import { callerFor, callerOf, isMoment, pageIn, wellFormed } from '../requests.js';
import { DirectoryService } from './directory.service.js';
import { acceptRequest, askRequest, searchRequest, staleRequest, tagsRequest } from './filters.js';

@Controller()
@RpcController(MemberDirectoryServiceService)
export class DirectoryController implements RpcHandlers<typeof MemberDirectoryServiceService> {
  constructor(
    @Inject(DirectoryService) private readonly directory: DirectoryService,
    @Inject(RegistrationService) private readonly registrations: RegistrationService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async searchMembers(request: SearchMembersRequest, metadata: Metadata): Promise<SearchMembersResponse> {
    const sought = wellFormed(searchRequest, request);
    const page = pageIn(request.page, isUuid);
    return this.directory.search(principalOf(metadata), sought, page);
  }

  async getTags({ memberId }: GetTagsRequest): Promise<GetTagsResponse> {
    const { tags, version } = known(isUuid(memberId) ? await this.directory.tags(memberId) : undefined);
    return { tags: [...tags], version };
  }

  @TakesDryRuns()
  async setTags(request: SetTagsRequest, metadata: Metadata): Promise<SetTagsResponse> {
    const wanted = wellFormed(tagsRequest, request);
    const result = await this.directory.setTags(callerOf(metadata), wanted, idempotencyKeyIn(metadata));
    if (result.outcome === 'set') {
      return { tags: [...result.tags], version: result.version, replayed: result.replayed };
    }
    switch (result.reason) {
      case 'MEMBER_UNKNOWN':
        throw refusal('NOT_FOUND', result.reason);
      case 'IDEMPOTENCY_KEY_REUSED':
        throw refusal('ALREADY_EXISTS', result.reason);
      case 'VERSION_CHANGED':
        throw refusal('FAILED_PRECONDITION', result.reason, { allowed: ['getTags'] });
    }
  }

  async listStale(request: ListStaleRequest, metadata: Metadata): Promise<ListStaleResponse> {
    const { olderThanDays } = wellFormed(staleRequest, request);
    const page = pageIn(request.page, isMoment, isUuid);
    const { stale, nextCursor } = await this.directory.stale(principalOf(metadata), olderThanDays, page);
    return { members: stale, nextCursor };
  }

  @TakesDryRuns()
  async askToConfirm(request: AskToConfirmRequest, metadata: Metadata): Promise<AskToConfirmResponse> {
    const { memberIds } = wellFormed(askRequest, request);
    const asked = done(await this.directory.ask(callerOf(metadata), memberIds, idempotencyKeyIn(metadata)));
    return { askedIds: [...asked.result], replayed: asked.replayed };
  }

  @TakesDryRuns()
  async confirmRecord({ memberId }: ConfirmRecordRequest, metadata: Metadata): Promise<ConfirmRecordResponse> {
    const caller = callerFor(memberId, metadata);
    const confirmed = done(await this.directory.confirm(caller, memberId, idempotencyKeyIn(metadata)));
    return { confirmedAt: new Date(known(confirmed.result)), replayed: confirmed.replayed };
  }

  @TakesDryRuns()
  async acceptNotices(request: AcceptNoticesRequest, metadata: Metadata): Promise<AcceptNoticesResponse> {
    const { memberId, acceptances } = wellFormed(acceptRequest(this.clock.now()), request);
    const caller = callerFor(memberId, metadata);
    const accepted = await this.registrations.accept(caller, memberId, acceptances, idempotencyKeyIn(metadata));
    if (accepted === 'IDEMPOTENCY_KEY_REUSED') throw refusal('ALREADY_EXISTS', accepted);
    return { acceptances: known(accepted) };
  }
}

function done<Result>(written: Once<Result>) {
  if (written.outcome === 'refused') throw refusal('ALREADY_EXISTS', written.reason);
  return written;
}

function known<Found>(found: Found | undefined): Found {
  if (found === undefined) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
  return found;
}
