import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { type CallOptions, type RpcClient, RpcFailure, rpcClient, SETTINGS } from '@regulars/service';
import type { GatewaySettings } from '../gateway.config.js';
import type { MemberDataAnswer } from './privacy.js';

const mostPages = 200;

/** Asks every service what it has of a member (requirement M6). */
@Injectable()
export class MemberDataClient implements OnApplicationShutdown {
  private readonly log = new Logger(MemberDataClient.name);
  private readonly owners: readonly (readonly [string, RpcClient<typeof MemberDataServiceService>])[];

  constructor(@Inject(SETTINGS) settings: GatewaySettings) {
    const addresses = {
      members: settings.MEMBERS_ADDR,
      loyalty: settings.LOYALTY_ADDR,
      complaints: settings.COMPLAINTS_ADDR,
      surveys: settings.SURVEYS_ADDR,
      notifications: settings.NOTIFICATIONS_ADDR,
    };
    this.owners = Object.entries(addresses).map(([name, address]) => [
      name,
      rpcClient(MemberDataServiceService, address),
    ]);
  }

  /** Everything that is known of a member; a service that cannot be asked is marked missing. */
  async of(memberId: string, call: CallOptions): Promise<MemberDataAnswer> {
    const parts = this.owners.map(async ([service, client]) => {
      try {
        return { service, missing: false, records: await allOf(client, memberId, call) };
      } catch (error) {
        // Who may not ask is told so, and so is whoever asks for nobody.
        if (!(error instanceof RpcFailure) || error.problem !== undefined) throw error;
        this.log.warn({ service, grpcStatus: error.status }, 'a service could not be asked for the data of a member');
        return { service, missing: true, records: [] };
      }
    });
    return { memberId, readAt: new Date().toISOString(), parts: await Promise.all(parts) };
  }

  onApplicationShutdown(): void {
    for (const [, client] of this.owners) client.close();
  }
}

async function allOf(
  client: RpcClient<typeof MemberDataServiceService>,
  memberId: string,
  call: CallOptions,
): Promise<Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = [];
  let cursor = '';
  for (let page = 0; page < mostPages; page += 1) {
    const answer = await client.readMemberData({ memberId, cursor }, call);
    records.push(...answer.records.map((record) => JSON.parse(record) as Record<string, unknown>));
    cursor = answer.nextCursor;
    if (cursor === '') return records;
  }
  throw new Error('a service has more records of a member than can be told at once');
}
