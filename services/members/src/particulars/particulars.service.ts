import { Inject, Injectable } from '@nestjs/common';
import { MemberNature } from '@regulars/contracts/members/v1/members';
import { Particulars } from '@regulars/contracts/members/v1/particulars';
import { CLOCK, type Clock, inTransaction, once } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import type { Caller } from '../caller.js';
import { MembersService } from '../members/members.service.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { mayReadClear, type Purpose } from '../privacy/clear-reads.js';
import { type Sealing, VaultService } from '../privacy/vault.service.js';
import { type ParticularsDraft, privatePart, servingPart } from './particulars.js';
import { findParticulars, replaceParticulars } from './particulars.store.js';

/** Particulars as somebody may see them. */
export interface ReadParticulars {
  readonly particulars: Particulars;
  readonly masked: boolean;
  /** 0 when nothing was told yet. */
  readonly version: number;
  readonly changedAt: Date | undefined;
}

type No<Reason> = { readonly outcome: 'refused'; readonly reason: Reason };
type Replaced =
  | { readonly outcome: 'set'; readonly version: number }
  | No<'MEMBER_UNKNOWN' | 'VERSION_CHANGED' | 'CONTACT_PERSONS_OF_INDIVIDUAL'>;
export type SetParticulars =
  | { readonly outcome: 'set'; readonly version: number; readonly replayed: boolean }
  | Extract<Replaced, { outcome: 'refused' }>
  | No<'IDEMPOTENCY_KEY_REUSED'>;

/** Particulars to be stored. */
export interface NewParticulars {
  readonly idempotencyKey: string;
  readonly memberId: string;
  readonly particulars: ParticularsDraft;
  /** The version that was read: they are replaced unless somebody else did so since. */
  readonly expectedVersion: number;
}

const servingColumn = 'particulars.serving';
const privateColumn = 'particulars.private';
const privateFields = ['gender', 'addresses', 'contact_persons'];

@Injectable()
export class ParticularsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What a member told; gender, addresses and contact persons where role and purpose allow, logged (requirement M6). */
  async read(caller: Caller, memberId: string, purpose: Purpose | undefined): Promise<ReadParticulars | undefined> {
    const member = await this.members.sealed(memberId);
    if (!member) return undefined;
    const clear = purpose !== undefined && mayReadClear(caller.principal, purpose, member);
    const row = await findParticulars(this.dataSource.manager, memberId);
    if (!row) return { particulars: Particulars.fromPartial({}), masked: !clear, version: 0, changedAt: undefined };
    if (clear) await this.accessLog.record(caller, [memberId], privateFields, purpose);
    const parts = [
      member.sealing.open(servingColumn, row.servingSealed),
      clear ? member.sealing.open(privateColumn, row.privateSealed) : '{}',
    ].map((part) => JSON.parse(part) as object);
    const particulars = Particulars.fromJSON(Object.assign({}, ...parts));
    return { particulars, masked: !clear, version: row.version, changedAt: row.changedAt };
  }

  /** All that a member told, in clear: for an export. */
  async opened(tx: EntityManager, memberId: string, sealing: Sealing): Promise<object | undefined> {
    const row = await findParticulars(tx, memberId);
    if (!row) return undefined;
    const parts = [sealing.open(servingColumn, row.servingSealed), sealing.open(privateColumn, row.privateSealed)];
    return Object.assign({}, ...parts.map((part) => JSON.parse(part) as object)) as object;
  }

  /** Replaces what a member told (requirement M2). Safe to repeat: the idempotency key answers the first answer. */
  async replace(caller: Caller, draft: NewParticulars): Promise<SetParticulars> {
    const { idempotencyKey: key, ...body } = draft;
    const write = { caller: caller.principal.sub, route: 'SetParticulars', key, body: this.vault.fingerprint(body) };
    const done = await inTransaction(this.dataSource, caller.isDryRun, (tx) =>
      once(tx, write, () => this.write(tx, caller, draft)),
    );
    if (done.outcome === 'refused') return done;
    return done.result.outcome === 'refused' ? done.result : { ...done.result, replayed: done.replayed };
  }

  private async write(tx: EntityManager, caller: Caller, draft: NewParticulars): Promise<Replaced> {
    const { memberId, particulars, expectedVersion } = draft;
    const member = await this.members.sealed(memberId, tx);
    if (!member) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    if (member.nature === MemberNature.INDIVIDUAL && particulars.contactPersons.length > 0) {
      return { outcome: 'refused', reason: 'CONTACT_PERSONS_OF_INDIVIDUAL' };
    }
    const version = expectedVersion + 1;
    const sealed = (column: string, part: Partial<Particulars>) =>
      member.sealing.seal(column, JSON.stringify(Particulars.toJSON(Particulars.fromPartial(part))));
    const row = {
      memberId,
      version,
      servingSealed: sealed(servingColumn, servingPart(particulars)),
      privateSealed: sealed(privateColumn, privatePart(particulars)),
      changedAt: this.clock.now(),
    };
    const replaced = await replaceParticulars(tx, row, caller.principal.sub);
    return replaced ? { outcome: 'set', version } : { outcome: 'refused', reason: 'VERSION_CHANGED' };
  }
}
