import { Inject, Injectable } from '@nestjs/common';
import type { MemberData, Reader } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { MembersService } from '../members/members.service.js';
import { ParticularsService } from '../particulars/particulars.service.js';
import { AccessLogService } from '../privacy/access-log.service.js';
import { VaultService } from '../privacy/vault.service.js';
import { VisitsService } from '../visits/visits.service.js';
import { contactChangesIn, forgetMember, tagsAndAccesses } from './member-data.store.js';

/** What members has of a member, and how it forgets her (requirement M6). */
@Injectable()
export class OwnMemberData implements MemberData {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(ParticularsService) private readonly particulars: ParticularsService,
    @Inject(VisitsService) private readonly visits: VisitsService,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(AccessLogService) private readonly accessLog: AccessLogService,
  ) {}

  async beforeTold(reader: Reader, memberId: string): Promise<void> {
    const purpose = reader.principal.kind === 'member' ? 'own-data' : 'data-request';
    if (await this.members.exists(memberId)) await this.accessLog.record(reader, [memberId], ['everything'], purpose);
  }

  /** Also of those who were merged into her. */
  async recordsOf(tx: EntityManager, memberId: string): Promise<object[]> {
    const records: object[] = [];
    for (const each of [memberId, ...(await this.members.mergedInto(tx, memberId))]) {
      records.push(...(await this.recordsOfOne(tx, each)));
    }
    return records;
  }

  private async recordsOfOne(tx: EntityManager, memberId: string): Promise<object[]> {
    const member = await this.members.clear(tx, memberId);
    if (!member) return [];
    const sealed = await this.members.sealed(memberId, tx);
    const open = (value: Buffer | null) =>
      value && sealed ? sealed.sealing.open('contact_change.value', value) : null;
    const changes = (await contactChangesIn(tx, memberId)).map(({ oldSealed, newSealed, ...change }) => ({
      kind: 'contact-change',
      ...change,
      oldValue: open(oldSealed),
      newValue: open(newSealed),
    }));
    const particulars = sealed && (await this.particulars.opened(tx, memberId, sealed.sealing));
    return [
      { kind: 'member', ...member },
      ...(particulars ? [{ kind: 'particulars', ...particulars }] : []),
      ...changes,
      ...(await this.visits.records(tx, memberId)),
      ...(await tagsAndAccesses(tx, memberId)),
    ];
  }

  /** Destroys the data key, and with it everything sealed; a row without anything personal stays. */
  async erase(
    memberId: string,
    orderedAt: Date,
    done: (tx: EntityManager, records: number) => Promise<void>,
  ): Promise<void> {
    await this.dataSource.transaction(async (tx) => done(tx, await forgetMember(tx, memberId, orderedAt)));
    this.vault.forget(memberId);
  }
}
