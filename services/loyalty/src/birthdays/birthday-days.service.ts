import { Injectable } from '@nestjs/common';
import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import type { QueryArrayResult, QueryConfig } from 'pg';
import type { Policy } from '../programmes/policy.js';
import { birthdaysStatement } from './birthdays.store.js';

/** A purchase that may have been made on a birthday. */
interface Bought {
  readonly receipt: { readonly businessDate: string };
  readonly reference: MemberReference | undefined;
  readonly ground: { readonly policy: Policy; readonly programme: { readonly programmeId: string } };
}

type Reader = { rows<Row extends unknown[]>(statement: QueryConfig): Promise<QueryArrayResult<Row>> };

/** Whether it was somebody's birthday, read in the transaction of whoever holds the members' locks (requirement L10). */
@Injectable()
export class BirthdayDays {
  /** For each item whether its business date is its member's birthday; nothing is asked where no rule asks for it. */
  async among(tx: Reader, items: readonly Bought[]): Promise<readonly boolean[]> {
    if (!items.some(({ ground }) => ground.policy.rules.some(({ onBirthday }) => onBirthday))) return [];
    const asked = items.map(({ reference, ground, receipt }) => {
      return { programmeId: ground.programme.programmeId, reference, businessDate: receipt.businessDate };
    });
    const { rows } = await tx.rows<[boolean]>(birthdaysStatement(asked));
    return rows.map(([isBirthday]) => isBirthday);
  }
}
