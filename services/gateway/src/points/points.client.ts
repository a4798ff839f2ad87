import { Inject, Injectable } from '@nestjs/common';
import type { ItemContext } from '@regulars/contracts/call/v1/call';
import { type Read, ReadManyRequest, type ReadResult } from '@regulars/contracts/loyalty/v1/points';
import { RpcFailure } from '@regulars/service';
import { problem, Refused } from '../edge/problems.js';
import { Owners } from '../owners.client.js';
import type { Limits } from '../purchases/queue.js';
import { type Encoded, NotTaken, requestOf, TravelTogether } from '../purchases/travel.client.js';

type What = NonNullable<Read['what']>;
type Outcome = NonNullable<ReadResult['outcome']>;

/** What is read and what it is answered by carry the same name. */
type AnswerTo<Name extends What['$case']> = Extract<Outcome, { $case: Name }>['value'];

/** Weighed by what they are answered with, because that is what has to fit into one message. */
const limits: Limits = { items: 256, bytes: 2 * 1024 * 1024, waiting: 2_048, waitingBytes: 16 * 1024 * 1024 };
const ENTRY_BYTES = 320;
const OTHER_BYTES = 4 * 1024;
const USUAL_PAGE = 50;

/** What members have, many reads in one call: a call of its own costs both sides more than the read. */
@Injectable()
export class PointsClient {
  private readonly reads: TravelTogether<Encoded<ReadResult>, ReadResult>;

  constructor(@Inject(Owners) { encodedPoints }: Owners) {
    this.reads = new TravelTogether(limits, async (load, deadline) => {
      return (await encodedPoints.readMany(load.map(requestOf), { deadline })).results;
    });
  }

  /** @throws RpcFailure when loyalty says no, Refused when the read was not taken along */
  async read<Name extends What['$case']>(
    what: Extract<What, { $case: Name }>,
    context: ItemContext,
  ): Promise<AnswerTo<Name>> {
    const result = await this.travel(what, context);
    if (result instanceof NotTaken) {
      if (result.reason === 'CALL_FAILED') throw result.cause;
      throw new Refused(problem(result.reason));
    }
    const { outcome } = result;
    if (outcome?.$case === 'failure') throw RpcFailure.ofItem(outcome.value, `reading ${what.$case}`);
    if (outcome?.$case !== what.$case) throw new Error(`${what.$case} was asked for and ${outcome?.$case} answered`);
    return outcome.value as AnswerTo<Name>;
  }

  private travel(what: What, context: ItemContext): Promise<ReadResult | NotTaken> {
    return new Promise((settle) => {
      const request = ReadManyRequest.encode({ reads: [{ context, what }] }).finish();
      const deadlineMs = context.deadline?.getTime() ?? 0;
      this.reads.take({ request, bytes: weightOf(what), deadlineMs, isOffline: false, settle });
    });
  }
}

function weightOf(what: What): number {
  const isPage = what.$case === 'entries' || what.$case === 'statement';
  return isPage ? (what.value.page?.limit || USUAL_PAGE) * ENTRY_BYTES : OTHER_BYTES;
}
