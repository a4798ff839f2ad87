import { createHash, createPrivateKey, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSigner, httpbis } from 'http-message-signatures';
import request from 'supertest';
import {
  announceKeys,
  announceSigner,
  announceTill,
  type Edge,
  problemIn,
  purchaseBody,
  type SigningKey,
  startEdge,
} from './edge.js';
import { creditAll } from './owners.js';

let edge: Edge;

beforeAll(async () => {
  edge = await startEdge();
  edge.owners.answer('postPurchases', creditAll);
});

afterAll(() => edge.stop());

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface SignedHow {
  readonly components?: readonly string[];
  readonly parameters?: string;
  readonly createdS?: number;
}

const nowS = () => Math.floor(Date.now() / 1_000);
const digestOf = (body: string) => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

/** A purchase as a till sends it, with its digest. */
function purchase(body = JSON.stringify(purchaseBody())): Sent & { readonly body: string } {
  const key = randomUUID();
  return { path: '/v1/purchases', body, headers: { 'idempotency-key': key, 'content-digest': digestOf(body) } };
}

/** Signs by hand (RFC 9421, 2.5 and 3.1), so that the gateway is not judged by the library that it uses. */
function signed(sent: Sent, key: SigningKey, how: SignedHow = {}): Sent {
  const { method = 'POST', path, headers } = sent;
  const [plain = '', query] = path.split('?');
  const covered = how.components ?? [
    '@method',
    '@path',
    ...(query === undefined ? [] : ['@query']),
    ...Object.keys(headers),
  ];
  const created = how.createdS ?? nowS();
  const parameters = how.parameters ?? `;created=${created};keyid="${key.keyId}";alg="ed25519"`;
  const input = `(${covered.map((name) => `"${name}"`).join(' ')})${parameters}`;
  const derived: Record<string, string> = { '@method': method, '@path': plain, '@query': `?${query}` };
  const lines = covered.map((name) => `"${name}": ${derived[name] ?? headers[name]}`);
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  const signature = sign(null, Buffer.from(base), key.privateKey).toString('base64');
  return { ...sent, headers: { ...headers, 'signature-input': `till=${input}`, signature: `till=:${signature}:` } };
}

async function send({ method = 'POST', path, body, headers }: Sent) {
  const sending = request(edge.app.getHttpServer())[method === 'GET' ? 'get' : 'post'](path).set(headers);
  return body === undefined ? sending : sending.set('content-type', 'application/json').send(body);
}

async function codeOf(sent: Sent): Promise<string> {
  const answer = await send(sent);
  return answer.status < 400 ? String(answer.status) : `${answer.status} ${problemIn(answer).code}`;
}

describe('A till that signs', () => {
  it('[O4] is known by its signature alone, which covers method, path, query, key and body', async () => {
    const { signing } = await announceSigner(edge);
    expect(await codeOf(signed(purchase(), signing))).toBe('201');
    edge.owners.answer('listRewards', () => ({ rewards: [], nextCursor: '' }));
    const list: Sent = { method: 'GET', path: `/v1/rewards?programmeId=${randomUUID()}`, headers: {} };
    expect(await codeOf(signed(list, signing))).toBe('200');
    expect(await codeOf({ ...signed(list, signing), path: `/v1/rewards?programmeId=${randomUUID()}` })).toBe(
      '401 SIGNATURE_WRONG',
    );
  });

  it('[O4] is understood when a public library signs for it, with a nonce and more than is needed', async () => {
    const { signing } = await announceSigner(edge);
    const { body, headers, path } = purchase();
    const message = {
      method: 'POST',
      url: `http://shop.example${path}`,
      headers: { ...headers, host: 'shop.example' },
    };
    const jwk = signing.privateKey.export({ format: 'jwk' });
    const done = await httpbis.signMessage(
      {
        key: createSigner(createPrivateKey({ key: jwk, format: 'jwk' }), 'ed25519', signing.keyId),
        fields: ['@method', '@path', '@authority', 'content-digest', 'idempotency-key', 'host'],
        params: ['created', 'keyid', 'nonce', 'expires', 'alg'],
        paramValues: { nonce: randomUUID() },
      },
      message,
    );
    expect(await codeOf({ path, body, headers: done.headers })).toBe('201');
  });

  it('[O4] is refused without a signature where it must sign, and told how one looks', async () => {
    const till = await announceSigner(edge);
    const { body, headers, path } = purchase();
    const answer = await send({ path, body, headers: { ...headers, authorization: `Bearer ${till.key}` } });
    expect([answer.status, problemIn(answer).code]).toEqual([401, 'SIGNATURE_NEEDED']);
    expect(answer.headers['accept-signature']).toContain('"content-digest"');
  });

  it('[O4] may use either where it need not sign', async () => {
    const till = await announceSigner(edge, false);
    const { body, headers, path } = purchase();
    expect(await codeOf({ path, body, headers: { ...headers, authorization: `Bearer ${till.key}` } })).toBe('201');
    expect(await codeOf(signed(purchase(), till.signing))).toBe('201');
  });

  it('[O4] is told what is wrong with its signature', async () => {
    const { signing } = await announceSigner(edge);
    const other = (await announceSigner(edge)).signing;
    const whole = signed(purchase(), signing);
    const cases: [string, Sent][] = [
      ['401 SIGNATURE_WRONG', signed(purchase(), { ...other, keyId: signing.keyId })],
      ['401 SIGNATURE_WRONG', { ...whole, headers: { ...whole.headers, 'idempotency-key': 'another' } }],
      ['401 KEY_NOT_KNOWN', signed(purchase(), { ...signing, keyId: randomUUID() })],
      ['401 DIGEST_WRONG', { ...whole, body: JSON.stringify(purchaseBody({ totalMinor: 1 })) }],
      ['401 SIGNATURE_INCOMPLETE', signed(purchase(), signing, { components: ['@method', '@path'] })],
      ['401 SIGNATURE_MALFORMED', signed(purchase(), signing, { parameters: `;keyid="${signing.keyId}"` })],
      [
        '401 SIGNATURE_MALFORMED',
        signed(purchase(), signing, {
          parameters: `;created=${nowS()};keyid="${signing.keyId}";alg="rsa-v1_5-sha256"`,
        }),
      ],
      ['401 SIGNATURE_MALFORMED', { ...whole, headers: { ...whole.headers, 'signature-input': '((' } }],
      ['401 SIGNATURE_MALFORMED', { ...whole, headers: { ...whole.headers, signature: 'other=:AAAA:' } }],
    ];
    for (const [expected, sent] of cases) expect([expected, await codeOf(sent)]).toEqual([expected, expected]);
    const incomplete = await send(signed(purchase(), signing, { components: ['@method', '@path'] }));
    expect(problemIn(incomplete).errors.map(({ message }) => message)).toEqual([
      'Expected "content-digest" to be covered',
      'Expected "idempotency-key" to be covered',
    ]);
  });

  it('[O6] with a wrong clock is told by how much, signs with the time it was told, and is let in', async () => {
    const { signing } = await announceSigner(edge);
    const ownS = nowS() - 3_600;
    const refused = await send(signed(purchase(), signing, { createdS: ownS }));
    const { code, clock } = refused.body as { code: string; clock: { serverTime: string; aheadS: number } };
    expect([refused.status, code, refused.headers.date === undefined]).toEqual([401, 'SIGNATURE_TIME_OFF', false]);
    expect(Math.abs(clock.aheadS + 3_600)).toBeLessThan(5);
    expect(Math.abs(Date.parse(clock.serverTime) - Date.now())).toBeLessThan(60_000);
    expect(await codeOf(signed(purchase(), signing, { createdS: ownS - clock.aheadS }))).toBe('201');
    const expired = `;created=${nowS() - 60};expires=${nowS() - 30};keyid="${signing.keyId}"`;
    expect(await codeOf(signed(purchase(), signing, { parameters: expired }))).toBe('401 SIGNATURE_TIME_OFF');
  });

  it('[O4] sends the same signed request twice and is answered twice: the key makes it harmless', async () => {
    const { signing } = await announceSigner(edge);
    const once = signed(purchase(), signing);
    expect([await codeOf(once), await codeOf(once)]).toEqual(['201', '201']);
  });

  it('[O4] is refused within seconds after its key was revoked', async () => {
    const till = await announceSigner(edge);
    await announceKeys(edge.topics, till, [], 3);
    const deadlineMs = Date.now() + 5_000;
    let told = '';
    while (told !== '401 KEY_NOT_KNOWN' && Date.now() < deadlineMs)
      told = await codeOf(signed(purchase(), till.signing));
    expect(told).toBe('401 KEY_NOT_KNOWN');
  });

  it('[O4] hands in a batch whose every byte is signed', async () => {
    const { signing } = await announceSigner(edge);
    const lines = ['B-1', 'B-2'].map((receiptNumber) => JSON.stringify(purchaseBody({ receiptNumber })));
    const body = lines.join('\n');
    const batch = { path: '/v1/purchases:batch', headers: { 'content-digest': digestOf(body) } };
    const { path, headers } = signed({ ...batch, body }, signing);
    const post = (sent: string) =>
      request(edge.app.getHttpServer())
        .post(path)
        .set({ ...headers, 'content-type': 'application/x-ndjson' })
        .send(sent);
    expect((await post(body).buffer(true)).text).toContain('"whole":true');
    expect(problemIn(await post(lines[0] ?? '')).code).toBe('DIGEST_WRONG');
  });

  it('[O4] is not taken for another: a signature of some proxy beside a till’s own key changes nothing', async () => {
    const till = await announceTill(edge, 1);
    const proxy = (await announceSigner(edge)).signing;
    const { body, headers, path } = purchase();
    const sent = signed({ path, body, headers }, { ...proxy, keyId: 'proxy' });
    expect(await codeOf({ ...sent, headers: { ...sent.headers, authorization: `Bearer ${till.key}` } })).toBe('201');
  });
});
