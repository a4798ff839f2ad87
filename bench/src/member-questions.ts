import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { MemberServiceService } from '@regulars/contracts/members/v1/members';
import { PrincipalSigner, rpcClient } from '@regulars/service';
import type { OwnerName } from '@regulars/tools';
import type pg from 'pg';
import { type FilledMembers, mobileOf, nameOf } from './filled-members.js';
import type { Laboratory } from './laboratory.js';
import { bareQueries, type MembersCode } from './members-code.js';
import { statementsOfProfile } from './profile-statements.js';
import type { Question } from './questions.js';

const PAGE = 50;
const MOST_TRIES = 20;

/** What is asked about members, and with what. */
export interface Asking {
  readonly lab: Laboratory;
  readonly code: MembersCode;
  readonly filled: FilledMembers;
  readonly pool: pg.Pool;
}

/** Look-ups and the first page of a search, at members itself over gRPC. */
export async function findings({ lab, code, filled, pool }: Asking): Promise<{ questions: Question[]; close(): void }> {
  const { platform } = lab;
  const address = `127.0.0.1:${platform.ports.members[0]?.grpc}`;
  const lookups = rpcClient(MemberServiceService, address);
  const directory = rpcClient(MemberDirectoryServiceService, address);
  const signer = await PrincipalSigner.fromJwk(platform.service('gateway').program.env.PRINCIPAL_PRIVATE_KEY ?? '');
  const options = async () => ({
    principal: await signer.sign({ sub: 'bench', kind: 'person', roles: ['agent'], stores: '*' }),
    deadline: Date.now() + 10_000,
  });
  const db = bareQueries(pool);
  const same = (number: string | undefined, place: number) => {
    if (number !== filled.numberOf(place)) throw new Error(`Another member than the ${place}th was found`);
  };
  const found = (count: number, place: number) => {
    if (count === 0) throw new Error(`Nobody is called like ${nameOf(place)}`);
  };
  const lookUp = async (by: NonNullable<Parameters<typeof lookups.findMember>[0]['by']>, place: number) =>
    same((await lookups.findMember({ by }, await options())).member?.number, place);
  const members = filled.count;
  const questions: Question[] = [
    {
      what: 'look-up by number',
      targetP99Ms: 10,
      members,
      platform: (place) => lookUp({ $case: 'number', value: filled.numberOf(place) }, place),
      bare: async (place) =>
        same((await code.findMember(db, { by: 'number', value: filled.numberOf(place) }))?.number, place),
    },
    {
      what: 'look-up by mobile',
      targetP99Ms: 10,
      members,
      platform: (place) => lookUp({ $case: 'mobile', value: mobileOf(place) }, place),
      bare: async (place) => {
        const value = code.vault.blindIndex('mobile', mobileOf(place));
        same((await code.findMember(db, { by: 'mobile_index', value }))?.number, place);
      },
    },
    {
      what: 'search by the beginning of a name, first page',
      targetP99Ms: 50,
      members,
      platform: async (place) => {
        const page = { limit: PAGE, cursor: '' };
        const sought = { namePrefix: beginning(place), homeStoreId: '', tag: '', tier: '', page };
        found((await directory.searchMembers(sought, await options())).members.length, place);
      },
      bare: async (place) => {
        const sought = { slot: 0, nameIndexes: [code.vault.nameIndex(beginning(place))] };
        const memberIds = await code.search(db, sought, { limit: PAGE });
        found((await code.findMembers(db, memberIds.slice(0, PAGE))).length, place);
      },
    },
  ];
  return {
    questions,
    close: () => {
      lookups.close();
      directory.close();
    },
  };
}

/** The profile of members who bought, through the gateway, and the statements that it sends to the owners' databases. */
export async function profiles(
  lab: Laboratory,
  poolOf: (service: OwnerName) => pg.Pool,
): Promise<Question | undefined> {
  const { platform, buyers } = lab;
  const ownerOf = (role: string) => role.replace(`${platform.database.database}_`, '') as OwnerName;
  // One that lacks a part, because its owner did not answer in time, is asked for again; its time goes on.
  const read = async (memberId: string) => {
    for (let tries = 1; ; tries++) {
      const answer = await fetch(`${platform.gateway.url}/v1/members/${memberId}/profile`, {
        headers: { authorization: `Bearer ${platform.tokens.agent}` },
      });
      const body = (await answer.json()) as { isWhole?: boolean };
      if (body.isWhole) return;
      if (!answer.ok || tries === MOST_TRIES) throw new Error(`${answer.status} ${JSON.stringify(body)}`);
    }
  };
  const idAt = (place: number) => buyers[place]?.memberId ?? '';
  const statements = await statementsOfProfile(lab, idAt(0), read);
  if (!statements) return undefined;
  return {
    what: 'profile through the gateway',
    targetP99Ms: 100,
    members: buyers.length,
    platform: (place) => read(idAt(place)),
    bare: async (place) => {
      for (const { role, text, values } of statements(idAt(place))) {
        await poolOf(ownerOf(role)).query(text, [...values]);
      }
    },
  };
}

/** A family name and the character after it. */
function beginning(place: number): string {
  return nameOf(place).slice(0, 2);
}
