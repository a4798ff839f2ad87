import type { INestApplicationContext } from '@nestjs/common';
import { Misused, type OpsCommand } from '@regulars/service';
import { AccessSealsService } from './access-seals.service.js';

/** A line that stands without a seal for longer than this says that nobody seals. */
const longestUnsealedMs = 60_000;

/** Whether the log of reads of personal data is as it was written (requirement M6). */
export function accessesCommand(app: INestApplicationContext): OpsCommand {
  return {
    name: 'accesses verify',
    values: ['seal', 'hash'],
    says: 'Whether every line of the access log is as it was sealed; with --seal and --hash, whether that seal is the one that was noted.',
    run: async ({ flags: { seal, hash } }) => {
      const seals = app.get(AccessSealsService);
      if ((seal === undefined) !== (hash === undefined)) throw new Misused('--seal and --hash are told together');
      const isAsNoted = seal === undefined || (await seals.isAsNoted(Number(seal), String(hash)));
      const { last, brokenSeal, ...found } = await seals.verifyAll();
      const unsealed = await seals.unsealed();
      const isSealing = !unsealed.since || Date.now() - unsealed.since.getTime() < longestUnsealedMs;
      return {
        ok: brokenSeal === undefined && isAsNoted && isSealing,
        answer: {
          seals: found.seals,
          lines: found.lines,
          head: { seal: last.seal, entry: last.throughEntry, hash: last.hash.toString('hex') },
          brokenSeal: brokenSeal ?? null,
          isAsNoted,
          unsealed,
        },
      };
    },
  };
}
