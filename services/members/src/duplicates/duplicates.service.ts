import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, cutPage, type Page, type Principal } from '@regulars/service';
import { DataSource, type EntityManager } from 'typeorm';
import { MembersService } from '../members/members.service.js';
import { VaultService } from '../privacy/vault.service.js';
import {
  dismiss,
  duplicatesIn,
  findDuplicate,
  type MatchRow,
  proposePairs,
  replaceMatches,
  takeUncompared,
  type Uncompared,
} from './duplicates.store.js';
import { type DuplicateRow, matchesOf } from './match.js';

/** Some tens of milliseconds of work, so that no transaction stays open for long. */
const membersAtOnce = 100;

/** Pairs of members who may be one person (requirement M5). */
@Injectable()
export class DuplicatesService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Compares some members who registered, changed a contact or were compared under another key; one process at a time.
   *
   * @returns how many; 0 when none is left
   */
  async compareSome(): Promise<number> {
    const keyId = this.vault.indexKeys.current;
    return this.dataSource.transaction(async (tx) => {
      const taken = await takeUncompared(tx, keyId, membersAtOnce);
      if (taken.length === 0) return 0;
      const memberIds = taken.map(({ memberId }) => memberId);
      const rows = taken.flatMap((member) => this.matchesOf(member));
      await replaceMatches(tx, keyId, memberIds, rows);
      await proposePairs(tx, memberIds, this.clock.now());
      return taken.length;
    });
  }

  /** Pairs in a state, found last first; of principals that act for some stores, those with a member of theirs. */
  async list({ stores }: Principal, state: DuplicateRow['state'], page: Page) {
    const tx = this.dataSource.manager;
    const rows = await duplicatesIn(tx, state, stores === '*' ? undefined : stores, page);
    const cut = cutPage(rows, page.limit, ({ foundAt, duplicateId }) => [foundAt.toISOString(), duplicateId]);
    return { duplicates: await this.withMembers(cut.page), nextCursor: cut.nextCursor };
  }

  /** They are two persons; undefined when there is no such pair that the principal may see. Safe to repeat. */
  async dismiss({ sub, stores }: Principal, duplicateId: string) {
    return this.dataSource.transaction(async (tx) => {
      const known = await findDuplicate(tx, duplicateId);
      const [pair] = known ? await this.withMembers([known]) : [];
      const isTheirs = stores === '*' || [pair?.first, pair?.second].some((m) => stores.includes(m?.homeStoreId ?? ''));
      if (!pair || !isTheirs) return undefined;
      await dismiss(tx, duplicateId, sub, this.clock.now());
      return { ...pair, ...(await this.mustFind(tx, duplicateId)) };
    });
  }

  private async withMembers(rows: readonly DuplicateRow[]) {
    const members = await this.members.maskedOf(rows.flatMap(({ firstId, secondId }) => [firstId, secondId]));
    const byId = new Map(members.map((member) => [member.memberId, member]));
    return rows.flatMap((row) => {
      const [first, second] = [byId.get(row.firstId), byId.get(row.secondId)];
      return first && second ? [{ ...row, first, second }] : [];
    });
  }

  private async mustFind(tx: EntityManager, duplicateId: string): Promise<DuplicateRow> {
    const row = await findDuplicate(tx, duplicateId);
    if (!row) throw new Error('a pair that was just read is not there');
    return row;
  }

  private matchesOf({ wrapped, ...member }: Uncompared): MatchRow[] {
    if (!wrapped) return [];
    const { memberId, mobileSealed, emailSealed, birthdaySealed, former } = member;
    const sealing = this.vault.sealingOf({ ...member, wrapped });
    const contacts = (kind: 'mobile' | 'email', sealed: Buffer | null) => [
      ...(sealed ? [sealing.open(`member.${kind}`, sealed)] : []),
      ...former
        .filter((contact) => contact.kind === kind)
        .map((contact) => sealing.open('contact_change.value', Buffer.from(contact.sealed, 'base64'))),
    ];
    const matches = matchesOf({
      name: sealing.open('member.name', member.nameSealed),
      birthday: birthdaySealed ? sealing.open('member.birthday', birthdaySealed) : undefined,
      mobiles: contacts('mobile', mobileSealed),
      emails: contacts('email', emailSealed),
    });
    return matches.map(({ kind, value }) => ({ memberId, kind, index: this.vault.blindIndex(`match ${kind}`, value) }));
  }
}
