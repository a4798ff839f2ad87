import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { summarise } from './profile.js';

const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 9 });
const profile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('decide', 'file:///app/services/loyalty/dist/src/purchases/decide.js') },
    { id: 3, callFrame: frame('write', 'file:///app/node_modules/@grpc/grpc-js/build/src/call.js') },
  ],
  startTime: 1_000,
  // Each sample lasts until the next one.
  samples: [2, 1, 2, 3, 3],
  timeDeltas: [0, 100, 100, 100, 100],
};

let dir = '';
let file = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'profile-'));
  file = join(dir, 'a.cpuprofile');
  await writeFile(file, JSON.stringify(profile));
});
afterAll(() => rm(dir, { recursive: true }));

describe('Summing up a profile', () => {
  it('tells the share of each function and part, and how busy the process was', async () => {
    const summary = await summarise(file, [{ from: 0n, to: 10_000_000n }]);
    expect(summary.busy).toBeCloseTo(0.75);
    expect(summary.functions[0]).toMatchObject({ name: 'decide', share: 0.5 });
    expect(summary.parts).toEqual([
      { name: 'services/loyalty', share: 0.5 },
      { name: '@grpc/grpc-js', share: 0.25 },
    ]);
  });

  it('leaves out what happened before and after the load', async () => {
    const summary = await summarise(file, [{ from: 1_050_000n, to: 1_150_000n }]);
    expect(summary.busy).toBe(0);
  });
});
