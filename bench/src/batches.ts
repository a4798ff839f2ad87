import type { Laboratory } from './laboratory.js';
import type { Measurements } from './measurements.js';
import { ACKNOWLEDGED, batchLines, type Till } from './requests.js';

const ROUTE = '/v1/purchases:batch';
const LINES = 1_000;
/** Tills that hand in what they have stored, at the same time. */
const STREAMS = 4;

/** Whether the API takes offline batches. */
export async function batchesAreOffered({ platform }: Laboratory): Promise<boolean> {
  const till = platform.tillKeys?.[0];
  return till !== undefined && (await handIn(platform.gateway.url, till, '')).status !== 404;
}

/** Lines of offline batches that were credited, per second; what is on its way when the time is over is not counted. */
export async function measureBatches(
  { platform, buyers }: Laboratory,
  measurements: Measurements,
  { seconds, run }: { seconds: number; run: string },
): Promise<number> {
  const members = buyers.map(({ number }) => number);
  const businessDate = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const tills = (platform.tillKeys ?? []).slice(0, STREAMS);
  const until = performance.now() + seconds * 1_000;
  let inTime = 0;
  const stream = async (till: Till) => {
    for (let batch = 1; performance.now() < until; batch++) {
      const body = batchLines(till, members, businessDate, `${run}-${batch}`, LINES);
      const { status, credited } = await handIn(platform.gateway.url, till, body);
      if (status !== 200 || credited !== LINES) {
        throw new Error(`A batch of ${LINES} lines was answered ${status} with ${credited} credited`);
      }
      measurements.acknowledged += credited;
      if (performance.now() <= until) inTime += credited;
    }
  };
  await Promise.all(tills.map(stream));
  return inTime / seconds;
}

async function handIn(url: string, till: Till, body: string): Promise<{ status: number; credited: number }> {
  const response = await fetch(`${url}${ROUTE}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${till.key}`, 'content-type': 'application/x-ndjson' },
    body,
  });
  const text = await response.text();
  return { status: response.status, credited: text.split(ACKNOWLEDGED).length - 1 };
}
