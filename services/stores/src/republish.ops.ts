import { Inject, Injectable } from '@nestjs/common';
import { appendRepublished, type RepublishedEvent } from '@regulars/messaging';
import type { EntityManager } from 'typeorm';
import { BrandsService } from './brands/brands.service.js';
import { ChangesService } from './changes/changes.service.js';
import { StoresService } from './stores/stores.service.js';
import { TillsService } from './tills/tills.service.js';

const pageLength = 500;
const beforeAll = '00000000-0000-0000-0000-000000000000';

/** Publishes the whole chain again (requirement O3). */
@Injectable()
export class RepublishOps {
  constructor(
    @Inject(ChangesService) private readonly changes: ChangesService,
    @Inject(BrandsService) private readonly brands: BrandsService,
    @Inject(StoresService) private readonly stores: StoresService,
    @Inject(TillsService) private readonly tills: TillsService,
  ) {}

  /**
   * Publishes the latest event of every brand, store and till again, with its first id and time. No change is made in
   * between, so that none is followed by an older record.
   *
   * @returns how many events
   */
  everything(): Promise<number> {
    return this.changes.transaction((tx) => appendRepublished(tx, this.latestEvents(tx)));
  }

  private async *latestEvents(tx: EntityManager): AsyncGenerator<RepublishedEvent> {
    for (const owner of [this.brands, this.stores, this.tills]) {
      let after = beforeAll;
      for (;;) {
        const page = await owner.latestEvents(tx, after, pageLength);
        yield* page;
        const last = page.at(-1);
        if (last === undefined || page.length < pageLength) break;
        after = last.key;
      }
    }
  }
}
