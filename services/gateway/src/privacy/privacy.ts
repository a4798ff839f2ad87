import { type PrivacyRequest, PrivacyRequestKind } from '@regulars/contracts/members/v1/privacy_requests';
import { z } from 'zod';
import { pageQuery } from '../edge/fields.js';
import { wordsOf } from '../edge/words.js';

export const requestKinds = wordsOf(PrivacyRequestKind);

export const privacyRequestBody = z.strictObject({ kind: requestKinds.schema }).meta({ id: 'NewPrivacyRequest' });
export type PrivacyRequestBody = z.output<typeof privacyRequestBody>;

export const privacyQuery = z.strictObject({
  overdue: z.enum(['true', 'false']).default('false').meta({ description: 'Only those open past their time' }),
  ...pageQuery,
});
export type PrivacyQuery = z.output<typeof privacyQuery>;

export const privacyRequest = z
  .object({
    requestId: z.uuid().meta({ description: 'The request' }),
    memberId: z.uuid(),
    kind: requestKinds.schema,
    requestedAt: z.iso.datetime().meta({ description: 'When it was asked for' }),
    requestedBy: z.string().meta({ description: 'By whom: a person, or the member by id' }),
    dueAt: z.iso.datetime().meta({ description: 'By when every service has to have answered' }),
    doneAt: z.iso.datetime().optional().meta({ description: 'When the last service had answered' }),
    answers: z
      .array(
        z.object({
          service: z.string().meta({ description: 'Which service', examples: ['loyalty'] }),
          records: z.int().meta({ description: 'Records found for an export, or touched by what was asked for' }),
          sha256: z.string().optional().meta({ description: 'Of the records found, in hex' }),
          answeredAt: z.iso.datetime().meta({ description: 'When it answered' }),
        }),
      )
      .meta({ description: 'The proof that each service answered' }),
    awaited: z.array(z.string()).meta({ description: 'Services that have not answered yet' }),
  })
  .meta({ id: 'PrivacyRequest' });

export const privacyRequestPage = z
  .object({
    requests: z.array(privacyRequest).meta({ description: 'The page' }),
    nextCursor: z.string().optional().meta({ description: 'Missing on the last page' }),
  })
  .meta({ id: 'PrivacyRequests' });

export const memberData = z
  .object({
    memberId: z.uuid(),
    readAt: z.iso.datetime().meta({ description: 'When it was read' }),
    parts: z
      .array(
        z.object({
          service: z.string().meta({ description: 'Which service', examples: ['loyalty'] }),
          missing: z
            .boolean()
            .meta({ description: 'Whether the service could not be asked: differs from having nothing' }),
          records: z
            .array(z.record(z.string(), z.unknown()))
            .meta({ description: 'What it has; `kind` says what each is' }),
        }),
      )
      .meta({ description: 'One for each service' }),
  })
  .meta({ id: 'MemberData' });
export type MemberDataAnswer = z.output<typeof memberData>;

export function requestAnswer({ kind, answers, ...request }: PrivacyRequest) {
  return {
    ...request,
    kind: requestKinds.word(kind),
    answers: answers.map(({ sha256, ...answer }) => ({
      ...answer,
      sha256: sha256.length > 0 ? Buffer.from(sha256).toString('hex') : undefined,
    })),
  };
}

const titles: Readonly<Record<string, string>> = {
  members: '会员资料 · Your record',
  loyalty: '积分与消费 · Points and purchases',
  complaints: '反馈 · Feedback',
  surveys: '回访 · Follow-ups',
  notifications: '消息 · Messages',
};

/** The same as a page that a person can read and print (requirement M6). */
export function readableData({ memberId, readAt, parts }: MemberDataAnswer): string {
  const sections = parts.map(({ service, missing, records }) => {
    const body = missing
      ? '<p>暂时无法读取 · Could not be read at this moment.</p>'
      : records.map(recordText).join('\n') || '<p>无 · Nothing.</p>';
    return `<h2>${escaped(titles[service] ?? service)}</h2>\n${body}`;
  });
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>个人数据 · Personal data</title></head>
<body><h1>个人数据 · Personal data</h1><p>${escaped(memberId)} · ${escaped(readAt)}</p>
${sections.join('\n')}
</body></html>
`;
}

function recordText({ kind, ...fields }: Record<string, unknown>): string {
  const rows = Object.entries(fields)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `<tr><th align="left">${escaped(name)}</th><td>${escaped(text)}</td></tr>`;
    });
  return `<h3>${escaped(String(kind))}</h3><table>${rows.join('')}</table>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
