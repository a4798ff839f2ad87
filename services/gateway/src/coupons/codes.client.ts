import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { CallOptions } from '@regulars/service';
import { Owners } from '../owners.client.js';

const AT_ONCE = 5_000;
const PATIENCE_MS = 10_000;

/** Codes of a batch as a stream of lines: as fast as they are taken, however many there are. */
@Injectable()
export class CodesClient {
  constructor(@Inject(Owners) private readonly owners: Owners) {}

  /** @throws RpcFailure when there is no such batch */
  async of(batchId: string, after: number, call: CallOptions): Promise<Readable> {
    const first = await this.draw(batchId, after, call);
    return Readable.from(this.lines(batchId, after, first, call), { objectMode: false });
  }

  private async *lines(batchId: string, after: number, first: readonly string[], call: CallOptions) {
    let codes = first;
    let drawn = after;
    while (codes.length > 0) {
      drawn += codes.length;
      // The next ones are drawn while these are on their way.
      const next = codes.length < AT_ONCE ? Promise.resolve([]) : this.draw(batchId, drawn, call);
      next.catch(() => undefined);
      yield `${codes.join('\n')}\n`;
      codes = await next;
    }
  }

  private async draw(batchId: string, after: number, call: CallOptions): Promise<string[]> {
    const options = { ...call, deadline: Date.now() + PATIENCE_MS };
    return (await this.owners.coupons.drawCodes({ batchId, after, limit: AT_ONCE }, options)).codes;
  }
}
