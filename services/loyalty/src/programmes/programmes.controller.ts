import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import {
  type CreateProgrammeRequest,
  type CreateProgrammeResponse,
  type DraftVersionRequest,
  type DraftVersionResponse,
  type GetProgrammeRequest,
  type GetProgrammeResponse,
  type Programme,
  ProgrammeServiceService,
  type ProgrammeVersion,
  type PublishVersionRequest,
  type PublishVersionResponse,
  VersionState,
} from '@regulars/contracts/loyalty/v1/programmes';
import {
  CLOCK,
  type Clock,
  idempotencyKeyIn,
  isDryRun,
  principalOf,
  RpcController,
  type RpcHandlers,
  refusal,
  TakesDryRuns,
} from '@regulars/service';
import { stateOf } from './policy.js';
import type { ProgrammeRow, VersionRow } from './programme.js';
import { ProgrammesService } from './programmes.service.js';
import { isUuid } from './terms.js';

/** gRPC ⇄ programmes. */
@Controller()
@RpcController(ProgrammeServiceService)
export class ProgrammesController implements RpcHandlers<typeof ProgrammeServiceService> {
  constructor(
    private readonly programmes: ProgrammesService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @TakesDryRuns()
  async createProgramme(request: CreateProgrammeRequest, metadata: Metadata): Promise<CreateProgrammeResponse> {
    const result = await this.programmes.create(
      principalOf(metadata).sub,
      request,
      idempotencyKeyIn(metadata),
      isDryRun(metadata),
    );
    switch (result.outcome) {
      case 'created':
        return { programme: this.programmeOf(result.programme, []), replayed: result.replayed };
      case 'refused':
        throw refusal('ALREADY_EXISTS', result.reason);
      case 'taken':
        throw refusal('ALREADY_EXISTS', 'PROGRAMME_CODE_OR_BRAND_TAKEN');
      case 'malformed':
        throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: result.faults });
    }
  }

  async getProgramme({ programmeId }: GetProgrammeRequest): Promise<GetProgrammeResponse> {
    const found = await this.programmes.get(known(programmeId));
    if (!found) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
    return { programme: this.programmeOf(found.programme, found.versions) };
  }

  @TakesDryRuns()
  async draftVersion({ programmeId, terms }: DraftVersionRequest, metadata: Metadata): Promise<DraftVersionResponse> {
    const result = await this.programmes.draft(
      principalOf(metadata).sub,
      known(programmeId),
      terms,
      idempotencyKeyIn(metadata),
      isDryRun(metadata),
    );
    switch (result.outcome) {
      case 'drafted':
        return {
          version: versionOf(result.version, stateOf(result.version, [], this.clock.now())),
          replayed: result.replayed,
        };
      case 'refused':
        throw refusal('ALREADY_EXISTS', result.reason);
      case 'not-found':
        throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
      case 'malformed':
        throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: result.faults });
    }
  }

  @TakesDryRuns()
  async publishVersion(request: PublishVersionRequest, metadata: Metadata): Promise<PublishVersionResponse> {
    const result = await this.programmes.publish(
      principalOf(metadata).sub,
      known(request.programmeId),
      request.version,
      request.effectiveFrom,
      isDryRun(metadata),
    );
    switch (result.outcome) {
      case 'published':
        return { version: versionOf(result.version, stateOf(result.version, [], this.clock.now())) };
      case 'not-found':
        throw refusal('NOT_FOUND', 'VERSION_UNKNOWN');
      case 'malformed':
        throw refusal('INVALID_ARGUMENT', 'MALFORMED', { faults: result.faults });
      case 'refused':
        throw refusal('FAILED_PRECONDITION', result.reason, { allowed: ['draft', 'publish from today on'] });
    }
  }

  private programmeOf(row: ProgrammeRow, versions: readonly VersionRow[]): Programme {
    const now = this.clock.now();
    const told = versions.map((version) => versionOf(version, stateOf(version, versions, now)));
    return { ...row, brandIds: [...row.brandIds], versions: told };
  }
}

function known(programmeId: string): string {
  if (!isUuid(programmeId)) throw refusal('NOT_FOUND', 'PROGRAMME_UNKNOWN');
  return programmeId;
}

const states = {
  draft: VersionState.DRAFT,
  scheduled: VersionState.SCHEDULED,
  'in-force': VersionState.PUBLISHED,
  superseded: VersionState.SUPERSEDED,
} as const;

function versionOf(row: VersionRow, state: keyof typeof states): ProgrammeVersion {
  const { version, effectiveFrom, terms, publishedAt } = row;
  return {
    version,
    state: states[state],
    effectiveFrom: effectiveFrom ?? '',
    terms,
    publishedAt: publishedAt ?? undefined,
  };
}
