import { Inject, Injectable } from '@nestjs/common';
import type { MemberReference } from '@regulars/contracts/loyalty/v1/purchases';
import { CLOCK, type Clock } from '@regulars/service';
import type { QueryArrayResult, QueryConfig } from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { NewHold } from './hold.js';
import { holdPlaced } from './hold-events.js';
import { type Limits, reachMs } from './hold-limits.js';
import { eventsStatement, forgetMovements, holdsStatement } from './holds.store.js';
import { type Movement, Watch } from './watch.js';
import * as store from './watch.store.js';

/** A movement is remembered for so long: the oldest business date that a programme can accept, and a day. */
const KEPT_DAYS = 402;
const FORGOTTEN_AT_ONCE = 2_000;

/** Something that is watched if the version by which it is decided says so. */
export interface Watched {
  readonly reference: MemberReference | undefined;
  readonly tillId: string;
  readonly rungMs: number;
  readonly programmeId: string;
  readonly limits: Limits | undefined;
}

type Sender = { query(statement: QueryConfig): Promise<unknown> };
type Reader = Sender & { rows<Row extends unknown[]>(statement: QueryConfig): Promise<QueryArrayResult<Row>> };

/** What members and tills did lately, read and written in the transaction of whoever holds the members' locks. */
@Injectable()
export class WatchService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * What lies around these purchases. Sent right behind the members' locks, so that it costs no round trip; nothing is
   * asked where nothing is watched. Locks the tills whose limits count everybody.
   */
  async around(tx: Reader, items: readonly Watched[]): Promise<Watch> {
    const members = new Map<string, Mutable<store.AskedMember>>();
    const tills = new Map<string, Mutable<store.AskedTill>>();
    for (const { reference, tillId, rungMs, programmeId, limits } of items) {
      if (!limits || !reference) continue;
      const reach = reachMs(limits);
      const stretch = { fromMs: rungMs - reach, untilMs: rungMs + reach };
      widen(members, `${programmeId} ${nameOf(reference)}`, { programmeId, reference, ...stretch });
      if (limits.tillPurchases ?? limits.tillMembers) widen(tills, tillId, { tillId, ...stretch });
    }
    if (members.size === 0) return new Watch([]);
    const locked = tills.size > 0 ? tx.query(store.lockTillsStatement([...tills.keys()])) : undefined;
    const read = tx.rows<store.MovementRow>(store.movementsStatement([...members.values()], [...tills.values()]));
    const [{ rows }] = await Promise.all([read, locked]);
    return new Watch(rows.map(movementOf));
  }

  /** Sends what is held, the events of it, and what counts from now on, without waiting. */
  record(tx: Sender, holds: readonly NewHold[], movements: readonly Movement[], now: string): Promise<unknown>[] {
    const sent: Promise<unknown>[] = [];
    if (holds.length > 0) {
      const events = holds.map((hold) => holdPlaced(uuidv7(), hold, now));
      sent.push(tx.query(holdsStatement(holds, now)), tx.query(eventsStatement(events)));
    }
    if (movements.length > 0) sent.push(tx.query(store.recordMovementsStatement(movements)));
    return sent;
  }

  /** Forgets a chunk of movements beside which nothing can be posted any more. Answers how many. */
  forgetOld(): Promise<number> {
    const before = new Date(this.clock.now().getTime() - KEPT_DAYS * 86_400_000);
    return forgetMovements(this.dataSource.manager, before, FORGOTTEN_AT_ONCE);
  }
}

type Mutable<Value> = { -readonly [Field in keyof Value]: Value[Field] };

function widen<Asked extends { fromMs: number; untilMs: number }>(all: Map<string, Asked>, name: string, asked: Asked) {
  const known = all.get(name);
  if (!known) {
    all.set(name, asked);
    return;
  }
  known.fromMs = Math.min(known.fromMs, asked.fromMs);
  known.untilMs = Math.max(known.untilMs, asked.untilMs);
}

function nameOf({ by }: MemberReference): string {
  return by?.$case === 'codeTokenSha256' ? Buffer.from(by.value).toString('hex') : (by?.value ?? '');
}

function movementOf([kind, sourceId, programmeId, memberId, tillId, rungMs]: store.MovementRow): Movement {
  return { kind, sourceId, programmeId, memberId, tillId, rungMs };
}
