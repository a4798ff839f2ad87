import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type BookedPurchase, PurchaseHistoryServiceService } from '@regulars/contracts/loyalty/v1/history';
import { type RpcClient, rpcClient, SETTINGS } from '@regulars/service';
import type { MembersSettings } from '../members.config.js';

const pageLength = 200;
const deadlineMs = 10_000;

/** Asks loyalty what members bought. */
@Injectable()
export class HistoryClient implements OnApplicationShutdown {
  private readonly history: RpcClient<typeof PurchaseHistoryServiceService>;

  constructor(@Inject(SETTINGS) { LOYALTY_ADDR }: MembersSettings) {
    this.history = rpcClient(PurchaseHistoryServiceService, LOYALTY_ADDR);
  }

  onApplicationShutdown(): void {
    this.history.close();
  }

  /**
   * All that was credited to a member, asked on behalf of whoever asks here.
   *
   * @param principal as it came with the call
   * @throws RpcFailure when loyalty does not answer
   */
  async purchasesOf(memberId: string, principal: string): Promise<BookedPurchase[]> {
    const deadline = Date.now() + deadlineMs;
    const found: BookedPurchase[] = [];
    let cursor = '';
    do {
      const request = { memberId, page: { limit: pageLength, cursor } };
      const { purchases, nextCursor } = await this.history.listPurchases(request, { principal, deadline });
      found.push(...purchases);
      cursor = nextCursor;
    } while (cursor !== '');
    return found;
  }
}
