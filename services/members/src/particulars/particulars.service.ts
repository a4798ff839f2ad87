import { Inject, Injectable } from '@nestjs/common';
import { MemberNature } from '@regulars/contracts/members/v1/members';
import { Particulars } from '@regulars/contracts/members/v1/particulars';
import { CLOCK, type Clock } from '@regulars/service';
import { DataSource } from 'typeorm';
import type { Caller } from '../caller.js';
import { MembersService } from '../members/members.service.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { mayReadClear, type Purpose } from '../privacy/clear-reads.js';
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

export type SetParticulars =
  | { readonly outcome: 'set'; readonly version: number }
  | {
      readonly outcome: 'refused';
      readonly reason: 'MEMBER_UNKNOWN' | 'VERSION_CHANGED' | 'CONTACT_PERSONS_OF_INDIVIDUAL';
    };

const servingColumn = 'particulars.serving';
const privateColumn = 'particulars.private';
const privateFields = ['gender', 'addresses', 'contact_persons'];

@Injectable()
export class ParticularsService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What a member told; gender, addresses and contact persons where role and purpose allow, logged (requirement M6). */
  async read(caller: Caller, memberId: string, purpose: Purpose | undefined): Promise<ReadParticulars | undefined> {
    const member = await this.members.sealed(memberId);
    if (!member) return undefined;
    const clear = purpose !== undefined && mayReadClear(caller.principal, purpose, member.homeStoreId);
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

  /** Replaces what a member told, unless somebody else did so since `expectedVersion` was read (requirement M2). */
  async replace(
    caller: Caller,
    memberId: string,
    draft: ParticularsDraft,
    expectedVersion: number,
  ): Promise<SetParticulars> {
    const member = await this.members.sealed(memberId);
    if (!member) return { outcome: 'refused', reason: 'MEMBER_UNKNOWN' };
    if (member.nature === MemberNature.INDIVIDUAL && draft.contactPersons.length > 0) {
      return { outcome: 'refused', reason: 'CONTACT_PERSONS_OF_INDIVIDUAL' };
    }
    const version = expectedVersion + 1;
    const sealed = (column: string, part: Partial<Particulars>) =>
      member.sealing.seal(column, JSON.stringify(Particulars.toJSON(Particulars.fromPartial(part))));
    const row = {
      memberId,
      version,
      servingSealed: sealed(servingColumn, servingPart(draft)),
      privateSealed: sealed(privateColumn, privatePart(draft)),
      changedAt: this.clock.now(),
    };
    const replaced = await replaceParticulars(this.dataSource.manager, row, caller.principal.sub);
    return replaced ? { outcome: 'set', version } : { outcome: 'refused', reason: 'VERSION_CHANGED' };
  }
}
