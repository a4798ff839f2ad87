import type { Platform } from '@regulars/tools';
import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { MembersCode } from './members-code.js';
import { withClient } from './yardstick.js';

const AT_ONCE = 2_000;
const SURNAMES = Array.from('王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡');
const GIVEN = Array.from('伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文海波晓燕春雪峰宁');

/** Members by their place, from 0; whom they are looked up by follows from it, so that none has to be kept. */
export interface FilledMembers {
  readonly count: number;
  readonly rowsPerSecond: number;
  numberOf(place: number): string;
}

/** Of eight digits that count: a mobile that nobody else has here. */
export function mobileOf(place: number): string {
  return `+86138${String(place).padStart(8, '0')}`;
}

/** Three characters, each beginning of two as frequent as any other. */
export function nameOf(place: number): string {
  const [surname, first, second] = [place, Math.floor(place / 40), Math.floor(place / 1_600)];
  return [SURNAMES[surname % SURNAMES.length], GIVEN[first % GIVEN.length], GIVEN[second % GIVEN.length]].join('');
}

/**
 * Writes members whose data is sealed and indexed by the service's own functions into its tables, thousands in a
 * statement; the next are sealed while those are written. What is not sealed is as a registered member has it. No event
 * tells of them, and they count as compared, so that nothing else works on them meanwhile.
 *
 * @param pattern id of a member who registered
 */
export async function fillMembers(
  platform: Platform,
  code: MembersCode,
  count: number,
  pattern: string,
): Promise<FilledMembers> {
  return withClient(platform.database.urls.members, async (client) => {
    const { rows } = await client.query<{ first: string }>(
      `SELECT setval('member_number', nextval('member_number') + $1) - $1 AS first`,
      [count],
    );
    const first = Number(rows[0]?.first);
    const numberOf = (place: number) => code.memberNumber(first + place);
    const began = performance.now();
    let writing: Promise<void> = Promise.resolve();
    for (let from = 0; from < count; from += AT_ONCE) {
      const members = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) =>
        sealedMember(code, from + at, numberOf(from + at)),
      );
      await writing;
      writing = write(client, code.vault.indexKeys.current, members, pattern);
      // The socket is served before the next are sealed, or the database would wait for its rows.
      await new Promise(setImmediate);
    }
    await writing;
    const rowsPerSecond = count / ((performance.now() - began) / 1_000);
    await client.query('VACUUM (ANALYZE) member, member_key, name_index, acceptance');
    return { count, rowsPerSecond, numberOf };
  });
}

type SealedMember = ReturnType<typeof sealedMember>;

function sealedMember(code: MembersCode, place: number, number: string) {
  const memberId = uuidv7();
  const { wrapped, sealing } = code.vault.newKey(memberId);
  const [name, mobile, codeToken] = [nameOf(place), mobileOf(place), code.vault.newCodeToken()];
  return {
    memberId,
    number,
    codeTokenSha256: code.hashOfToken(codeToken),
    codeTokenSealed: sealing.seal('member.code_token', codeToken),
    nameSealed: sealing.seal('member.name', name),
    mobileSealed: sealing.seal('member.mobile', mobile),
    mobileIndex: code.vault.blindIndex('mobile', mobile),
    keyId: wrapped.keyEncryptionKeyId,
    wrapped: wrapped.wrapped,
    nameIndexes: code.beginningsOf(name).map((beginning) => code.vault.nameIndex(beginning)),
  };
}

const insertMembers = `INSERT INTO member (member_id, number, code_token_sha256, code_token_sealed, name_sealed,
    mobile_sealed, mobile_index, nature, language, home_store_id, channel, registered_at, registered_event_id,
    compared_under)
  SELECT filled.*, p.nature, p.language, p.home_store_id, p.channel, p.registered_at, gen_random_uuid(), $8
  FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[]) AS filled,
    member p WHERE p.member_id = $9`;
const insertKeys = `INSERT INTO member_key (member_id, key_encryption_key_id, wrapped)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])`;
const insertNames = `INSERT INTO name_index (slot, index, member_id)
  SELECT 0, * FROM unnest($1::bytea[], $2::uuid[])`;
const insertAcceptances = `INSERT INTO acceptance (member_id, notice, version, channel, accepted_at, recorded_at,
    recorded_by, recorded_from)
  SELECT filled, notice, version, channel, accepted_at, recorded_at, recorded_by, recorded_from
  FROM unnest($1::uuid[]) AS filled, acceptance WHERE member_id = $2`;

async function write(
  client: pg.Client,
  comparedUnder: string,
  members: readonly SealedMember[],
  pattern: string,
): Promise<void> {
  const all = <Key extends keyof SealedMember>(key: Key) => members.map((member) => member[key]);
  const names = members.flatMap(({ memberId, nameIndexes }) => nameIndexes.map((index) => ({ index, memberId })));
  await client.query('BEGIN');
  await client.query(insertMembers, [
    all('memberId'),
    all('number'),
    all('codeTokenSha256'),
    all('codeTokenSealed'),
    all('nameSealed'),
    all('mobileSealed'),
    all('mobileIndex'),
    comparedUnder,
    pattern,
  ]);
  await client.query(insertKeys, [all('memberId'), all('keyId'), all('wrapped')]);
  await client.query(insertNames, [names.map(({ index }) => index), names.map(({ memberId }) => memberId)]);
  await client.query(insertAcceptances, [all('memberId'), pattern]);
  await client.query('COMMIT');
}
