import { Inject, Injectable } from '@nestjs/common';
import type { Member } from '@regulars/contracts/members/v1/members';
import { CLOCK, type Clock, cutPage, type Page, type Principal } from '@regulars/service';
import { DataSource } from 'typeorm';
import { MembersService } from '../members/members.service.js';
import { beginsLike, lookedFor } from '../members/names.js';
import { VaultService } from '../privacy/vault.service.js';
import { confirm, replaceTags, search, staleSince } from './directory.store.js';
import type { Search } from './filters.js';

const dayMs = 86_400_000;

/** Lists of members (requirements M3, M4). */
@Injectable()
export class DirectoryService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Members that fit, masked; those of the principal's stores. */
  async search(principal: Principal, { namePrefix, homeStoreId, tag }: Search, page: Page) {
    const sought = {
      slot: this.vault.slot,
      nameIndexes: lookedFor(namePrefix).map((beginning) => this.vault.nameIndex(beginning)),
      homeStoreId: homeStoreId || undefined,
      tag: tag || undefined,
      stores: storesOf(principal),
    };
    const found = await search(this.dataSource.manager, sought, page);
    const { page: memberIds, nextCursor } = cutPage(found, page.limit, (memberId) => [memberId]);
    const fits = (name: string) => namePrefix === '' || beginsLike(name, namePrefix);
    return { members: await this.members.maskedOf(memberIds, fits), nextCursor };
  }

  /** Replaces a member's tags; undefined when there is no such member. Safe to repeat. */
  async setTags(memberId: string, tags: readonly string[]): Promise<string[] | undefined> {
    if (!(await this.members.exists(memberId))) return undefined;
    const wanted = [...new Set(tags)].sort();
    await this.dataSource.transaction((tx) => replaceTags(tx, memberId, wanted));
    return wanted;
  }

  /** Members whose data nobody confirmed for so long, longest first. */
  async stale(principal: Principal, olderThanDays: number, page: Page) {
    const since = new Date(this.clock.now().getTime() - olderThanDays * dayMs);
    const rows = await staleSince(this.dataSource.manager, since, storesOf(principal), page);
    const cut = cutPage(rows, page.limit, ({ confirmedAt, memberId }) => [confirmedAt.toISOString(), memberId]);
    const members = await this.members.maskedOf(cut.page.map(({ memberId }) => memberId));
    const byId = new Map<string, Member>(members.map((member) => [member.memberId, member]));
    const stale = cut.page.flatMap(({ memberId, confirmedAt }) => {
      const member = byId.get(memberId);
      return member ? [{ member, confirmedAt }] : [];
    });
    return { stale, nextCursor: cut.nextCursor };
  }

  /** The member said that the data is right; undefined when there is no such member. */
  async confirm(memberId: string): Promise<Date | undefined> {
    const now = this.clock.now();
    return (await confirm(this.dataSource.manager, memberId, now)) ? now : undefined;
  }
}

function storesOf({ stores }: Principal): readonly string[] | undefined {
  return stores === '*' ? undefined : stores;
}
