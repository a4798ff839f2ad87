import { PassThrough, Readable } from 'node:stream';
import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Urgency } from '@regulars/contracts/loyalty/v1/purchases';
import { PrincipalSigner, traceIdOf } from '@regulars/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerOf, contextOf } from '../access/call.guard.js';
import { ProblemAnswers } from '../edge/problems.guard.js';
import { problem, Refused } from '../edge/problems.js';
import { DocumentedBatch } from '../edge/reference.config.js';
import { answerLine, type BatchEnd, exampleLines, LONGEST_LINE_BYTES, lineOf, MOST_LINES, readLine } from './batch.js';
import { type Line, Lines } from './lines.js';
import type { Answer } from './outcomes.js';
import { PurchasesService } from './purchases.service.js';

/** Lines of one batch that are on their way to loyalty at once. */
const MOST_UNDER_WAY = 256;
const LINE_PATIENCE_MS = 30_000;

/** Purchases that tills stored while they were offline (requirement L2). */
@ApiTags('purchases')
@Controller('v1')
export class BatchController {
  constructor(
    @Inject(PurchasesService) private readonly purchases: PurchasesService,
    @Inject(PrincipalSigner) private readonly signer: PrincipalSigner,
    @Inject(ProblemAnswers) private readonly problems: ProblemAnswers,
  ) {}

  @Post('purchases::batch')
  @DocumentedBatch({
    summary: 'Hand in purchases that were stored while the till was offline',
    description: `NDJSON, up to ${MOST_LINES} lines of 64 KiB, in any order. Every line has its own result, and the last line of the answer tells whether the stream was whole; complete lines of one that was cut off are kept. No Idempotency-Key: the receipt of each line protects it.`,
    answerLine,
    exampleLines,
  })
  postBatch(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    if (!(body instanceof Readable)) throw new Refused(problem('MEDIA_TYPE_NOT_SUPPORTED'));
    // Nobody waits for this stream to drain: its thousand lines fit, and a till may read only after it has sent all.
    const results = new PassThrough();
    void reply.code(200).header('content-type', 'application/x-ndjson; charset=utf-8').send(results);
    void this.run(body, request, results);
  }

  private async run(body: Readable, request: FastifyRequest, results: PassThrough): Promise<void> {
    const underWay: Promise<object>[] = [];
    let lines = 0;
    const writeOldest = async () => {
      results.write(`${JSON.stringify(await underWay.shift())}\n`);
      lines++;
    };
    const reason = await eachLine(body, async (line) => {
      if (underWay.length >= MOST_UNDER_WAY) await writeOldest();
      underWay.push(this.resultOf(line, request));
    });
    while (underWay.length > 0) await writeOldest();
    const end: BatchEnd = { end: true, lines, whole: reason === undefined, ...(reason && { reason }) };
    results.end(`${JSON.stringify(end)}\n`);
  }

  private async resultOf(line: Line, request: FastifyRequest): Promise<object> {
    const answer = await this.answerTo(line, request);
    if ('problem' in answer) this.problems.note(answer.problem, answer.cause, request);
    return lineOf(line.number, answer, traceIdOf(request.traceparent));
  }

  private async answerTo(line: Line, request: FastifyRequest): Promise<Answer> {
    if ('tooLong' in line) return { problem: problem('LINE_TOO_LONG'), cause: undefined };
    if (line.number > MOST_LINES) return { problem: problem('TOO_MANY_LINES'), cause: undefined };
    const read = readLine(line.text);
    if ('problem' in read) return { problem: read.problem, cause: undefined };
    const caller = callerOf(request);
    const principal = await this.signer.sign(caller.principal);
    const context = { ...contextOf(request, LINE_PATIENCE_MS), principal };
    const posting = { caller, context, idempotencyKey: '', urgency: Urgency.OFFLINE };
    return new Promise((settle) => this.purchases.post(read.body, posting, settle));
  }
}

/** Gives the lines to `take`, one after the other; tells why not all of them were there. */
async function eachLine(body: Readable, take: (line: Line) => Promise<void>): Promise<BatchEnd['reason']> {
  const lines = new Lines(LONGEST_LINE_BYTES);
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      for (const line of lines.push(chunk as Buffer)) {
        await take(line);
        if (line.number > MOST_LINES) return 'TOO_MANY_LINES';
      }
    }
  } catch {
    return 'CUT_OFF';
  }
  for (const line of lines.end()) {
    await take(line);
    if (line.number > MOST_LINES) return 'TOO_MANY_LINES';
    if ('text' in line && isCutOff(line.text)) return 'CUT_OFF';
  }
  return undefined;
}

function isCutOff(text: string): boolean {
  const read = readLine(text);
  return 'problem' in read && !read.isJson;
}
