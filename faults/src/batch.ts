import type { Agent } from 'node:http';
import { outcomeOfLine } from './answers.js';
import type { Attempt, History } from './history.js';
import { call } from './http.js';
import type { Purchase } from './purchases.js';

/** Hands in stored purchases of one till as a stream of lines, and writes every line and its answer down. */
export async function postBatch(
  agent: Agent,
  gatewayUrl: string,
  history: History,
  purchases: readonly Purchase[],
  patienceMs: number,
): Promise<void> {
  const [first] = purchases;
  if (!first) return;
  const attempts = purchases.map(({ receipt, memberId }) => {
    return history.begin({ operation: 'purchase', receipt, memberId, key: undefined });
  });
  const answer = await call(agent, {
    method: 'POST',
    url: `${gatewayUrl}/v1/purchases:batch`,
    bearer: first.till.key,
    headers: { 'content-type': 'application/x-ndjson' },
    body: purchases.map(({ body }) => `${body}\n`).join(''),
    patienceMs,
  });
  if (answer?.status !== 200) {
    for (const attempt of attempts)
      end(attempt, history, answer === undefined ? undefined : { problem: problemOf(answer) });
    return;
  }
  const lines = new Map(linesOf(answer.text).map((line) => [Number(line.line), line]));
  attempts.forEach((attempt, place) => end(attempt, history, lines.get(place + 1)));
}

function end(attempt: Attempt, history: History, line: Record<string, unknown> | undefined): void {
  const { outcome, replayed } = line ? outcomeOfLine(line) : { outcome: { kind: 'lost' } as const, replayed: false };
  history.end(attempt, outcome, replayed);
}

function problemOf({ status, text }: { status: number; text: string }): object {
  try {
    return { ...(JSON.parse(text) as object), status };
  } catch {
    return { status };
  }
}

/** The lines that were answered; one that is cut is left out. */
function linesOf(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
}
