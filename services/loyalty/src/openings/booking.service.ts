import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@regulars/service';
import type { EntityManager } from 'typeorm';
import { v5 as uuidv5 } from 'uuid';
import { HeldLedgers, MemberMoved } from '../points/held-ledgers.service.js';
import { LedgerBatch } from '../points/ledger.js';
import { TiersService } from '../tiers/tiers.service.js';
import * as store from './brought.store.js';
import type { OpeningRow } from './opening.js';
import { pointsBroughtIn } from './points-brought-in.js';
import type { Brought, Ground } from './row.js';

/** Names the entries and lots of an opening: UUIDv5, so that none is booked twice. */
const NAMES = '4f0c5b52-2e0b-4c1e-8a58-7d0e54b1f3a6';

/** A row whose member is known. */
export interface Booking {
  readonly external: string;
  readonly line: number;
  readonly memberId: string;
  readonly brought: Brought;
}

/** What is to be done under locks. */
export interface Attempt {
  /** Members by who stands for them, whose locks are needed. */
  readonly heirs: ReadonlyMap<string, string>;
  readonly work: (tx: EntityManager) => Promise<void>;
}

/** Books what members bring along, and takes it back, under the locks of the members (requirements L16, L4). */
@Injectable()
export class OpeningBooking {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly ledgers: HeldLedgers,
    private readonly tiers: TiersService,
  ) {}

  /** Does the work in one transaction under the members' locks; again when one was merged or a row was kept meanwhile. */
  under(attempt: () => Promise<Attempt>): Promise<void> {
    return this.ledgers.whileMembersMove(async () => {
      const { heirs, work } = await attempt();
      await this.ledgers.under([...new Set(heirs.values())], async (tx) => {
        const known = await store.knownMembers(tx, [...heirs.keys()]);
        for (const [memberId, heirId] of heirs) {
          if (known.get(memberId)?.heirId !== heirId)
            throw new MemberMoved('a member was merged, or parted, meanwhile');
        }
        await work(tx);
      });
    });
  }

  /** Every lot an entry of its own, with its end; what counted on business days; the tier. */
  async book(tx: EntityManager, opening: OpeningRow, rows: readonly Booking[], ground: Ground): Promise<void> {
    if (rows.length === 0) return;
    const { openingId, programmeId } = opening;
    const ledger = await this.ledgerOf(tx, programmeId, rows);
    const booked = rows.map((row) => {
      const account = ledger.of(row.memberId);
      const lots = row.brought.lots.map(({ points, expiresMs }, index) => {
        const booking = this.booking(opening, `${row.external} ${index}`, points, row.line, ground);
        return ledger.batch.grant(account, booking, { points, expiresMs: expiresMs ?? undefined });
      });
      const entries =
        lots.length > 0
          ? lots
          : [ledger.batch.book(account, this.booking(opening, row.external, 0, row.line, ground), 0)];
      account.days.push(...daysOf(row.brought, 1));
      return { ...row, entryIds: entries.map(({ entryId }) => entryId) };
    });
    await this.ledgers.record(tx, ledger.batch, ledger.batch.entries.map(pointsBroughtIn));
    const tiers = rows.flatMap(({ memberId, brought: { tier } }) => (tier ? [{ memberId, ...tier }] : []));
    const given = await this.tiers.bringIn(tx, { programmeId, actor: opening.begunBy }, tiers, ground);
    await store.markBooked(
      tx,
      openingId,
      booked.map((row) => ({ ...row, isTierGiven: row.brought.tier !== null && given.has(row.memberId) })),
    );
  }

  /** Takes back what is left of lots; what paid debts, or was spent, is owed. */
  async takeBack(
    tx: EntityManager,
    opening: OpeningRow,
    rows: readonly store.RowToUndo[],
    ground: Ground,
  ): Promise<void> {
    const { openingId, programmeId } = opening;
    const heirs = rows.map((row) => ({ ...row, memberId: row.heirId }));
    const ledger = await this.ledgerOf(tx, programmeId, heirs);
    const ids = heirs.flatMap(({ entryIds }) => entryIds);
    const left = await store.lotsLeft(tx, programmeId, [...new Set(heirs.map(({ memberId }) => memberId))], ids);
    const lotOf = new Map(left.map((lot) => [lot.lotId, lot]));
    const undone = heirs.map(({ external, memberId, entryIds, brought, isGone }) => {
      const account = ledger.of(memberId);
      let points = 0;
      for (const lot of isGone ? [] : entryIds.flatMap((id) => lotOf.get(id) ?? [])) {
        const owed = lot.points - lot.remaining - lot.expired;
        if (lot.remaining > 0) {
          ledger.batch.lotChanges.push({ lotId: lot.lotId, account, taken: lot.remaining, forgiven: 0 });
        }
        account.debt += owed;
        points += lot.remaining + owed;
      }
      account.days.push(...daysOf(brought, -1));
      const booking = this.booking(opening, `${external} undone`, -points, 0, ground);
      return { external, entryId: ledger.batch.book(account, booking, -points).entryId };
    });
    await this.ledgers.record(tx, ledger.batch, ledger.batch.entries.map(pointsBroughtIn));
    const tiers = heirs.flatMap(({ memberId, isTierGiven, brought: { tier } }) =>
      isTierGiven && tier ? [{ memberId, ...tier }] : [],
    );
    await this.tiers.takeBroughtInBack(tx, programmeId, tiers);
    await store.markUndone(tx, openingId, undone);
  }

  private async ledgerOf(tx: EntityManager, programmeId: string, rows: readonly { readonly memberId: string }[]) {
    const memberIds = [...new Set(rows.map(({ memberId }) => memberId))];
    const held = await this.ledgers.accounts(
      tx,
      memberIds.map((memberId) => ({ memberId, programmeId })),
    );
    const batch = new LedgerBatch(this.clock.now().getTime());
    return {
      batch,
      of: (memberId: string) => batch.account(programmeId, memberId, held({ memberId, programmeId })),
    };
  }

  private booking({ openingId }: OpeningRow, name: string, points: number, line: number, { policy, today }: Ground) {
    return {
      entryId: uuidv5(`${openingId} ${name}`, NAMES),
      kind: 'opening',
      sourceId: openingId,
      storeId: undefined,
      businessDate: today,
      programmeVersion: policy.version,
      steps: [['brought-in', points * 10_000, { points, line }]],
    } as const;
  }
}

function daysOf({ history }: Brought, sign: 1 | -1) {
  return history.map(({ date, points, spentMinor }) => ({
    businessDate: date,
    points: sign * points,
    spentMinor: sign * spentMinor,
  }));
}
