import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BookService } from '../book/book.service.js';
import { CouponsService } from '../coupons/coupons.service.js';
import { HeldLedgers } from '../points/held-ledgers.service.js';
import { daysAfter, daysBefore } from '../programmes/calendar.js';
import type { Policy } from '../programmes/policy.js';
import { birthdayCame, birthdayGiftGiven } from './birthday-events.js';
import * as store from './birthdays.store.js';
import { MembersClient } from './members.client.js';
import {
  ASKED_DAYS_AHEAD,
  ASKED_DAYS_BACK,
  ASKED_EVERY_DAYS,
  birthdaysAround,
  giftGoodUntil,
  LEAST_DAYS_APART,
  type WindowWord,
  windowOf,
} from './window.js';

const DAY_MS = 86_400_000;
const LEASE_MS = 30_000;
/** Members asked about in one call. */
const ASKED_AT_ONCE = 500;
/** Members in one transaction, which holds their locks. */
const MOST = 200;
/** A right is kept so long: longer than the year for which it is the only one. */
const KEPT_DAYS = 400;

interface Ground {
  readonly programmeId: string;
  readonly today: string;
  readonly timeZone: string;
  readonly window: WindowWord;
  readonly couponCode: string;
}

/**
 * Birthday rights (requirement L10): which birthdays come, the right of the year, its gift and its greeting. Each step is
 * rows with a due time, done under the members' locks, so that every year brings each of them once: on whatever replica,
 * after whatever kill, and whatever is changed about the birthday.
 */
@Injectable()
export class BirthdaysService {
  private readonly log = new Logger(BirthdaysService.name);

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly books: BookService,
    private readonly ledgers: HeldLedgers,
    private readonly coupons: CouponsService,
    private readonly members: MembersClient,
  ) {}

  /** Members became known and are asked about soon. Safe to repeat. */
  watch(tx: EntityManager, memberIds: readonly string[]): Promise<void> {
    return store.watchMembers(tx, memberIds, this.clock.now());
  }

  /** Forgets the birthday of a member that is erased, whose lock the transaction holds. */
  forget(tx: EntityManager, memberId: string): Promise<void> {
    return store.forgetMember(tx, memberId);
  }

  /** Whether a member has birthday rights today; undefined in a programme that keeps no birthdays. */
  async isOpenToday(memberId: string, programmeId: string): Promise<boolean | undefined> {
    const ground = await this.books.policyToday(programmeId);
    if (!ground?.policy.birthday) return undefined;
    return store.isWindowOpen(this.dataSource.manager, memberId, programmeId, ground.today);
  }

  /** Asks members about those whose time has come; answers how many. Nobody is asked while no programme has birthdays. */
  async askDue(): Promise<number> {
    if (!this.members.canAsk || (await this.grounds()).length === 0) return 0;
    const now = this.clock.now();
    const lease = uuidv7();
    const until = new Date(now.getTime() + LEASE_MS);
    const asked = await store.leaseMembers(this.dataSource.manager, lease, { now, until, most: ASKED_AT_ONCE });
    if (asked.length === 0) return 0;
    const today = now.toISOString().slice(0, 10);
    const stretch = { from: daysBefore(today, ASKED_DAYS_BACK), until: daysAfter(today, ASKED_DAYS_AHEAD) };
    const told = await this.members.birthdaysOf(asked, stretch);
    if (!told) return 0;
    const nextAsk = new Date(now.getTime() + ASKED_EVERY_DAYS * DAY_MS);
    await store.keepTold(this.dataSource.manager, lease, told, nextAsk);
    return asked.length;
  }

  /** Makes rights ready whose window opens, gives what they bring and greets; answers how much was done. */
  async openDue(): Promise<number> {
    let done = 0;
    for (const ground of await this.grounds()) {
      done += (await this.open(ground)) + (await this.give(ground)) + (await this.greet(ground));
    }
    return done;
  }

  /** Forgets a chunk of rights that no year needs any more. Answers how many. */
  forgetOld(): Promise<number> {
    const before = new Date(this.clock.now().getTime() - KEPT_DAYS * DAY_MS).toISOString().slice(0, 10);
    return store.forgetRights(this.dataSource.manager, before, 2_000);
  }

  private async grounds(): Promise<Ground[]> {
    const policies = (await this.books.recent()).policiesAt(this.clock.now().getTime());
    return [...policies].flatMap(([programmeId, { policy, today }]) => groundOf(programmeId, policy, today));
  }

  private async open({ programmeId, window, today, timeZone }: Ground): Promise<number> {
    const around = birthdaysAround(window, today);
    const coming = await store.withoutRight(this.dataSource.manager, programmeId, around, timeZone, MOST);
    if (coming.length === 0) return 0;
    const rights = coming.map(({ registeredOn, ...told }) => {
      const gift = windowOf(window, told.date);
      return { ...told, gift, isLate: registeredOn > gift.until };
    });
    const memberIds = rights.map(({ memberId }) => memberId);
    await this.ledgers.under(memberIds, (tx) =>
      store.openRights(tx, programmeId, rights, LEAST_DAYS_APART, this.clock.now()),
    );
    return coming.length;
  }

  private async give({ programmeId, today, window, couponCode }: Ground): Promise<number> {
    if (couponCode === '') return 0;
    const stretch = { from: birthdaysAround(window, today).from, until: today };
    const due = await store.giftsDue(this.dataSource.manager, programmeId, stretch, MOST);
    if (due.length === 0) return 0;
    const definition = await this.coupons.findByCode(programmeId, couponCode);
    if (!definition) {
      this.log.warn({ programmeId, couponCode }, 'the coupon of birthdays is not defined');
      return 0;
    }
    const { definitionId } = definition;
    await this.ledgers.under(
      due.map(({ memberId }) => memberId),
      async (tx) => {
        const now = this.clock.now();
        const given = await store.markDone(tx, programmeId, 'given_at', due, now);
        const gifts = given.flatMap(({ memberId, giftUntil }) => {
          const goodUntil = giftGoodUntil(giftUntil, today);
          return goodUntil ? [{ memberId, programmeId, definitionId, goodUntil }] : [];
        });
        if (gifts.length === 0) return;
        await this.coupons.give(tx, definition, gifts);
        await this.ledgers.tell(
          tx,
          gifts.map((gift) => birthdayGiftGiven(uuidv7(), gift, now)),
        );
      },
    );
    return due.length;
  }

  private async greet({ programmeId, today }: Ground): Promise<number> {
    // Who was not greeted in time, because nothing ran, is greeted the day after, and not later.
    const stretch = { from: daysBefore(today, 1), until: today };
    const due = await store.greetingsDue(this.dataSource.manager, programmeId, stretch, MOST);
    if (due.length === 0) return 0;
    await this.ledgers.under(
      due.map(({ memberId }) => memberId),
      async (tx) => {
        const now = this.clock.now();
        const greeted = await store.markDone(tx, programmeId, 'greeted_at', due, now);
        if (greeted.length === 0) return;
        await this.ledgers.tell(
          tx,
          greeted.map(({ memberId }) => birthdayCame(uuidv7(), memberId, programmeId, now)),
        );
      },
    );
    return due.length;
  }
}

function groundOf(programmeId: string, { birthday, timeZone }: Policy, today: string): Ground[] {
  return birthday ? [{ programmeId, today, timeZone, ...birthday }] : [];
}
