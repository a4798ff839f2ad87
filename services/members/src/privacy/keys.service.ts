import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type PlacedIndexKey, placeIndexKeys, type Slot } from './keys.js';
import {
  countWrapped,
  dropIndexKey,
  holdIndexKeys,
  incompleteSlots,
  keepIndexKeys,
  keyIdsInUse,
  setWrapped,
  takeWrappedBy,
} from './keys.store.js';
import { VaultService } from './vault.service.js';

/** A few milliseconds of work, so that no transaction stays open for long. */
const keysAtOnce = 500;

/** Keeps the keys in the database and those in the environment together (requirement M6). */
@Injectable()
export class KeysService implements OnApplicationBootstrap {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(VaultService) private readonly vault: VaultService,
  ) {}

  /**
   * Stops a start with the wrong keys: without a key-encryption key members could not be read, and under another index
   * key every mobile could be registered a second time.
   */
  async onApplicationBootstrap(): Promise<void> {
    const { manager } = this.dataSource;
    const missing = (await keyIdsInUse(manager)).filter((keyId) => !this.vault.hasKey(keyId));
    if (missing.length > 0) {
      throw new Error(`data keys of members are wrapped by ${missing.join(', ')}, which KEY_ENCRYPTION_KEY… lack`);
    }
    await this.placeIndexKeys();
  }

  /**
   * The place of an index key that was replaced and that this process has no more: what stands there can go. Undefined
   * where none is, or while members are not all indexed under the current key.
   */
  async placeLeftBehind(): Promise<Slot | undefined> {
    const { current, next, retired } = this.vault.indexKeys;
    const known = await this.dataSource.transaction((tx) => holdIndexKeys(tx));
    const isMine = ({ keyId }: PlacedIndexKey) => [current, next, retired].includes(keyId);
    const incomplete = await incompleteSlots(this.dataSource.manager);
    if (incomplete.includes(this.vault.slot)) return undefined;
    return known.find((key) => key.state === 'retired' && !isMine(key))?.slot;
  }

  /** Which key-encryption keys wrap data keys, and where index keys are; names only, which tell nothing of the keys. */
  async inUse() {
    const { manager } = this.dataSource;
    const wrapping = await countWrapped(manager);
    const indexKeys = await this.dataSource.transaction((tx) => holdIndexKeys(tx));
    const retiredInUse = wrapping.flatMap(({ keyId }) => (this.vault.retiredKeyIds.includes(keyId) ? [keyId] : []));
    return { dataKeys: wrapping, retiredInUse, indexKeys, incompleteIndexes: await incompleteSlots(manager) };
  }

  /** The place is free for the next key. */
  async forgetPlace(slot: Slot): Promise<void> {
    await dropIndexKey(this.dataSource.manager, slot);
  }

  private async placeIndexKeys(): Promise<void> {
    const keys = await this.dataSource.transaction(async (tx) => {
      const known = await holdIndexKeys(tx);
      const incomplete = await incompleteSlots(tx);
      const placing = placeIndexKeys(this.vault.indexKeys, known, (slot) => !incomplete.includes(slot));
      if (placing.outcome === 'refused') throw new Error(placing.reason);
      await keepIndexKeys(tx, placing.keys);
      return placing.keys;
    });
    this.vault.placeIndexKeys(new Map(keys.map(({ keyId, slot }) => [keyId, slot])));
  }

  /**
   * Wraps some data keys that are still under a retired key again, under the current one. Safe on several replicas at
   * once, and members can be read all the while.
   *
   * @returns how many; 0 when no retired key is needed any more
   */
  async moveFromRetired(): Promise<number> {
    const { retiredKeyIds } = this.vault;
    if (retiredKeyIds.length === 0) return 0;
    return this.dataSource.transaction(async (tx) => {
      const keys = await takeWrappedBy(tx, retiredKeyIds, keysAtOnce);
      if (keys.length > 0)
        await setWrapped(
          tx,
          keys.map((key) => this.vault.rewrapped(key)),
        );
      return keys.length;
    });
  }
}
