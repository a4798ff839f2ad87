import { Inject, Injectable, Logger, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { MemberImportServiceService } from '@regulars/contracts/members/v1/imports';
import { type Principal, PrincipalSigner, type RpcClient, RpcFailure, rpcClient, SETTINGS } from '@regulars/service';
import type { LoyaltySettings } from '../loyalty.config.js';

const itself: Principal = { sub: 'loyalty', kind: 'service', roles: [], stores: '*' };
const deadlineMs = 5_000;

/** Asks members who was registered from a file under an external id. */
@Injectable()
export class ImportedMembers implements OnApplicationShutdown {
  readonly #log = new Logger(ImportedMembers.name);
  readonly #members: RpcClient<typeof MemberImportServiceService> | undefined;

  constructor(
    @Inject(SETTINGS) settings: Pick<LoyaltySettings, 'MEMBERS_ADDR'>,
    @Optional() @Inject(PrincipalSigner) private readonly signer: PrincipalSigner | undefined,
  ) {
    if (settings.MEMBERS_ADDR && signer) this.#members = rpcClient(MemberImportServiceService, settings.MEMBERS_ADDR);
  }

  /** Members by external id, at most 500 asked; those who cannot be found, or not now, are missing. */
  async find(source: string, externalIds: readonly string[]): Promise<Map<string, string>> {
    if (!this.#members || !this.signer || externalIds.length === 0) return new Map();
    try {
      const { memberIds } = await this.#members.findImported(
        { source, externalIds: [...externalIds] },
        { principal: await this.signer.sign(itself), deadline: Date.now() + deadlineMs },
      );
      return new Map(memberIds.flatMap((memberId, at) => (memberId ? [[externalIds[at] as string, memberId]] : [])));
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      this.#log.warn({ grpcStatus: error.status, code: error.problem?.code }, 'members cannot be asked');
      return new Map();
    }
  }

  onApplicationShutdown(): void {
    this.#members?.close();
  }
}
