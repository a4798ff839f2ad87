import { comparedName } from '../members/names.js';

/** What two members may have in common that makes them one person (requirement M5). */
export type MatchKind = 'name-and-birthday' | 'email' | 'mobile';

/** A pair as stored. */
export interface DuplicateRow {
  readonly duplicateId: string;
  readonly firstId: string;
  readonly secondId: string;
  readonly reasons: readonly MatchKind[];
  readonly foundAt: Date;
  readonly state: 'proposed' | 'dismissed';
  readonly dismissedBy: string | null;
  readonly dismissedAt: Date | null;
}

/** Something by which members are compared, before it is hashed. */
export interface Match {
  readonly kind: MatchKind;
  readonly value: string;
}

/** What a member told, now and before. */
export interface Told {
  readonly name: string;
  /** As `birthdayText` writes it; undefined when it was not told. */
  readonly birthday: string | undefined;
  readonly mobiles: readonly string[];
  readonly emails: readonly string[];
}

/**
 * What a member is compared by. A name alone is not enough, and neither is a birthday: 王伟 is a name of hundreds of
 * thousands. The year of birth is left out, because many do not tell it. Of e-mails, capital letters do not count.
 */
export function matchesOf({ name, birthday, mobiles, emails }: Told): Match[] {
  const compared = comparedName(name);
  const nameAndBirthday: Match[] =
    compared && birthday ? [{ kind: 'name-and-birthday', value: `${compared} ${birthday.slice(-5)}` }] : [];
  return [
    ...nameAndBirthday,
    ...unique(mobiles).map((value): Match => ({ kind: 'mobile', value })),
    ...unique(emails.map((email) => email.toLowerCase())).map((value): Match => ({ kind: 'email', value })),
  ];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
