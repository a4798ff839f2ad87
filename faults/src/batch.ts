import type { Agent } from 'node:http';
import { outcomeOf, outcomeOfLine } from './answers.js';
import { type History, isAcknowledged } from './history.js';
import { call } from './http.js';
import type { Posting } from './purchases.js';

/**
 * Hands in stored purchases of one till as a stream of lines, and writes every line and its answer down.
 *
 * @returns what was not acknowledged, to be handed in again
 */
export async function postBatch(
  agent: Agent,
  gatewayUrl: string,
  history: History,
  purchases: readonly Posting[],
  patienceMs: number,
): Promise<Posting[]> {
  const attempts = purchases.map(({ operation, receipt, memberId }) => {
    return history.begin({ operation, receipt, memberId, key: undefined });
  });
  const answer = await call(agent, {
    method: 'POST',
    url: `${gatewayUrl}/v1/purchases:batch`,
    bearer: purchases[0]?.till.key,
    headers: { 'content-type': 'application/x-ndjson' },
    body: purchases.map(({ body }) => `${body}\n`).join(''),
    patienceMs,
  });
  const lines = new Map(answer?.status === 200 ? linesOf(answer.text).map((line) => [line.line, line]) : []);
  return purchases.filter((_, place) => {
    const attempt = attempts[place] as (typeof attempts)[number];
    const line = lines.get(place + 1);
    // A stream that broke off has lost its last lines; one that was refused as a whole tells each of them the same.
    const { outcome, replayed } = line ? outcomeOfLine(line) : outcomeOf(answer?.status === 200 ? undefined : answer);
    history.end(attempt, outcome, replayed);
    return !isAcknowledged(outcome);
  });
}

/** The lines that were answered whole. */
function linesOf(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
}
