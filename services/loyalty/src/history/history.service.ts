import { Inject, Injectable } from '@nestjs/common';
import { cutPage, type Page } from '@regulars/service';
import { DataSource } from 'typeorm';
import { type BookedRow, bookedOf } from './history.store.js';

/** A purchase of which everything is still kept. */
export type Booked = BookedRow & { readonly purchaseId: string };

/** What members bought, as it is booked (requirement M7). */
@Injectable()
export class HistoryService {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** In the order in which it was booked. */
  async of(memberId: string, page: Page): Promise<{ purchases: readonly Booked[]; nextCursor: string }> {
    const rows = await bookedOf(this.dataSource.manager, memberId, page);
    const cut = cutPage(rows, page.limit, ({ programmeId, memberSeq }) => [programmeId, memberSeq]);
    return { purchases: cut.page.filter(isKept), nextCursor: cut.nextCursor };
  }
}

function isKept(row: BookedRow): row is Booked {
  return row.purchaseId !== null;
}
