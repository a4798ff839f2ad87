import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type AcceptNoticesRequest,
  type AcceptNoticesResponse,
  type ConfirmRecordRequest,
  type ConfirmRecordResponse,
  type ListStaleRequest,
  type ListStaleResponse,
  MemberDirectoryServiceService,
  type SearchMembersRequest,
  type SearchMembersResponse,
  type SetTagsRequest,
  type SetTagsResponse,
} from '@regulars/contracts/members/v1/directory';
import { CLOCK, type Clock, principalOf, RpcController, type RpcHandlers, refusal } from '@regulars/service';
import { validate as isUuid } from 'uuid';
import { RegistrationService } from '../members/registration.service.js';
import { isMoment, pageIn, wellFormed } from '../requests.js';
import { DirectoryService } from './directory.service.js';
import { acceptRequest, searchRequest, staleRequest, tagsRequest } from './filters.js';

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

  async setTags(request: SetTagsRequest): Promise<SetTagsResponse> {
    const { memberId, tags } = wellFormed(tagsRequest, request);
    return { tags: known(await this.directory.setTags(memberId, tags)) };
  }

  async listStale(request: ListStaleRequest, metadata: Metadata): Promise<ListStaleResponse> {
    const { olderThanDays } = wellFormed(staleRequest, request);
    const page = pageIn(request.page, isMoment, isUuid);
    const { stale, nextCursor } = await this.directory.stale(principalOf(metadata), olderThanDays, page);
    return { members: stale, nextCursor };
  }

  async confirmRecord({ memberId }: ConfirmRecordRequest): Promise<ConfirmRecordResponse> {
    return { confirmedAt: known(isUuid(memberId) ? await this.directory.confirm(memberId) : undefined) };
  }

  async acceptNotices(request: AcceptNoticesRequest): Promise<AcceptNoticesResponse> {
    const { memberId, acceptances } = wellFormed(acceptRequest(this.clock.now()), request);
    return { acceptances: known(await this.registrations.accept(memberId, acceptances)) };
  }
}

function known<Found>(found: Found | undefined): Found {
  if (found === undefined) throw refusal('NOT_FOUND', 'MEMBER_UNKNOWN');
  return found;
}
