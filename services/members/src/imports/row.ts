import { MemberNature, RegistrationChannel } from '@regulars/contracts/members/v1/members';
import { type Moment, type Registration, registration } from '../members/registration.js';

/** What holds for every row of an import. */
export interface ImportTerms {
  readonly dryRun: boolean;
  /** Where the rows come from: external ids are unique within it. */
  readonly source: string;
  readonly benefitsVersion: string;
  readonly privacyVersion: string;
  /** RFC 3339. */
  readonly acceptedAt: string;
  readonly language: string;
}

/** A row of a file by the names of its columns, or why there is none. */
export type FileRow =
  | { readonly line: number; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly fault: 'BROKEN_QUOTING' | 'UNREADABLE' | 'MALFORMED_JSON' | 'TOO_LONG' };

/** Why a row was not taken; one for each fault. */
export interface Rejection {
  readonly line: number;
  readonly pointer: string;
  readonly reason: string;
  readonly message: string;
}

/** A row that can be registered. */
export interface Candidate {
  readonly line: number;
  readonly externalId: string;
  readonly draft: Registration;
}

const columns = [
  'externalId',
  'name',
  'mobile',
  'email',
  'birthday',
  'nature',
  'language',
  'homeStoreId',
  'acceptedAt',
];

/** Headings of files that Chinese systems write. */
const headings: Readonly<Record<string, string>> = {
  编号: 'externalId',
  姓名: 'name',
  手机: 'mobile',
  手机号: 'mobile',
  邮箱: 'email',
  生日: 'birthday',
  性质: 'nature',
  语言: 'language',
  门店: 'homeStoreId',
  确认时间: 'acceptedAt',
};

const natures: Readonly<Record<string, MemberNature>> = {
  '': MemberNature.INDIVIDUAL,
  individual: MemberNature.INDIVIDUAL,
  个人: MemberNature.INDIVIDUAL,
  enterprise: MemberNature.ENTERPRISE,
  企业: MemberNature.ENTERPRISE,
  institution: MemberNature.INSTITUTION,
  机构: MemberNature.INSTITUTION,
};

const faultWords = {
  BROKEN_QUOTING: 'the quotes of the row do not fit together',
  UNREADABLE: 'bytes that are no characters of the encoding of the file',
  MALFORMED_JSON: 'a JSON object on one line is expected',
  TOO_LONG: 'a row has at most 64 KiB',
} as const;

/** The columns of a heading by their own names; undefined for one that lacks what every row needs. */
export function columnsOf(heading: readonly string[]): string[] | undefined {
  const named = heading.map((text) => headings[text.trim()] ?? text.trim());
  return named.includes('externalId') && named.includes('name') ? named : undefined;
}

/**
 * Reads rows as registration takes them, or every fault of each (requirements M1, M2): the same rules as for one person.
 * What these rules are is worked out once for all rows, which costs more than to apply them.
 */
export function rowReader(terms: ImportTerms, moment: Moment): (row: FileRow) => Candidate | readonly Rejection[] {
  const rules = registration(moment);
  return (row) => {
    const { line } = row;
    if ('fault' in row) return [{ line, pointer: '', reason: row.fault, message: faultWords[row.fault] }];
    const text = (column: string) => textIn(row.fields[column]);
    const externalId = text('externalId');
    const faults: Rejection[] = [];
    const malformed = (pointer: string, message: string) =>
      faults.push({ line, pointer, reason: 'MALFORMED', message });
    if (!/^[\x21-\x7e\p{L}\p{N}]{1,128}$/u.test(externalId))
      malformed('/externalId', '1 to 128 letters, digits or signs');
    for (const column of Object.keys(row.fields)) {
      if (!columns.includes(column))
        malformed(`/${column.slice(0, 64)}`, `no such column: there are ${columns.join(', ')}`);
    }
    const parsed = rules.safeParse(draftOf(text, terms));
    if (parsed.success && faults.length === 0) return { line, externalId, draft: parsed.data };
    for (const { path, message } of parsed.error?.issues ?? []) malformed(pointerOf(path), message);
    return faults;
  };
}

function draftOf(text: (column: string) => string, terms: ImportTerms): object {
  const acceptedAt = new Date(text('acceptedAt') || terms.acceptedAt);
  const accepted = { channel: RegistrationChannel.IMPORT, acceptedAt };
  return {
    idempotencyKey: 'import',
    person: {
      name: text('name'),
      mobile: mobileIn(text('mobile')),
      email: text('email'),
      birthday: birthdayIn(text('birthday')),
    },
    nature: natures[text('nature')] ?? MemberNature.UNRECOGNIZED,
    language: text('language') || terms.language,
    homeStoreId: text('homeStoreId'),
    channel: RegistrationChannel.IMPORT,
    acceptances: [
      { notice: 'benefits', version: terms.benefitsVersion, ...accepted },
      { notice: 'privacy', version: terms.privacyVersion, ...accepted },
    ],
  };
}

/** Without a country it is one of China, where files come from that do not tell. */
function mobileIn(text: string): string {
  return /^1\d{10}$/.test(text) ? `+86${text}` : text;
}

/** `1996-02-29`, `02-29` or `--02-29`; what is none of them becomes a day that does not exist. */
function birthdayIn(text: string) {
  if (text === '') return undefined;
  const [, year, month, day] = /^(?:(\d{4})[-/]|--)?(\d{1,2})[-/](\d{1,2})$/.exec(text) ?? [];
  return { year: Number(year ?? 0), month: Number(month ?? 0), day: Number(day ?? 0) };
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
}

function pointerOf(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path;
  if (first === 'acceptances') return '/acceptedAt';
  const own = first === 'person' ? rest.slice(0, 1) : [first];
  return own.map((step) => `/${String(step)}`).join('');
}
