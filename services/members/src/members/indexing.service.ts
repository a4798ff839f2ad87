import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KeysService } from '../privacy/keys.service.js';
import { VaultService } from '../privacy/vault.service.js';
import { emptyPlace, type IndexedFields, setIndexes, takeUnindexed } from './indexing.store.js';
import { addNameIndexes } from './members.store.js';
import { beginningsOf } from './names.js';

/** Some tens of milliseconds of work, so that no transaction stays open for long. */
const membersAtOnce = 200;

/** Follows a rotation of the index key while members are found (requirement M6). */
@Injectable()
export class IndexingService {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(KeysService) private readonly keys: KeysService,
  ) {}

  /**
   * Indexes some members under the keys under which they are not yet; safe on several replicas at once.
   *
   * @returns how many; 0 when none is left
   */
  async indexSome(): Promise<number> {
    const bits = this.vault.filledSlots;
    return this.dataSource.transaction(async (tx) => {
      const members = await takeUnindexed(tx, bits, membersAtOnce);
      if (members.length === 0) return 0;
      const indexed = members.map((member) => this.indexesOf(member));
      await setIndexes(
        tx,
        bits,
        indexed.map(({ memberId, mobile, email }) => ({ memberId, mobile, email })),
      );
      await addNameIndexes(
        tx,
        indexed.flatMap(({ names, memberId }) => names.map((row) => ({ ...row, memberId }))),
      );
      return members.length;
    });
  }

  /** Empties some of the place of an index key that was replaced, and frees it when it is empty. @returns how many */
  async emptySome(): Promise<number> {
    const slot = await this.keys.placeLeftBehind();
    if (slot === undefined) return 0;
    const emptied = await this.dataSource.transaction((tx) => emptyPlace(tx, slot, membersAtOnce));
    if (emptied === 0) await this.keys.forgetPlace(slot);
    return emptied;
  }

  private indexesOf({ wrapped, ...member }: IndexedFields) {
    const { memberId, mobileSealed, emailSealed, nameSealed } = member;
    if (!wrapped) return { memberId, mobile: [], email: [], names: [] };
    const sealing = this.vault.sealingOf({ ...member, wrapped });
    return {
      memberId,
      mobile: mobileSealed ? this.vault.blindIndexes('mobile', sealing.open('member.mobile', mobileSealed)) : [],
      email: emailSealed ? this.vault.blindIndexes('email', sealing.open('member.email', emailSealed)) : [],
      names: this.vault.nameIndexes(beginningsOf(sealing.open('member.name', nameSealed))),
    };
  }
}
