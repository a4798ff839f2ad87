import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { blindIndexKeyId, keyIdsInUse, setWrapped, takeWrappedBy } from './keys.store.js';
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
    if ((await blindIndexKeyId(manager, this.vault.blindIndexKeyId)) !== this.vault.blindIndexKeyId) {
      throw new Error('the blind indexes were made with another BLIND_INDEX_KEY');
    }
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
