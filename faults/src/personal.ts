import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Guest } from './guests.js';
import type { TopicRecord } from './topic.js';
import type { Violation } from './violation.js';

/** How many findings are told of one place. */
const TOLD = 5;

/** Texts that must stand in no log and no topic (requirement M6, O2): names, mobiles with and without prefix, e-mails. */
export function personalTexts(guests: readonly Guest[]): string[] {
  return guests.flatMap(({ name, mobile, email }) => [name, mobile.slice(3), email]);
}

/** Searches records; tells where, never what. */
export function personalInTopic(topic: string, records: readonly TopicRecord[], texts: readonly string[]): Violation[] {
  const guilty = records.filter(({ text }) => texts.some((each) => text.includes(each)));
  return guilty.slice(0, TOLD).map(({ partition, offset }) => ({
    rule: 'no personal data in topics',
    what: `${topic}, partition ${partition}, offset ${offset}`,
  }));
}

/** Searches a log file line by line; tells where, never what. */
export async function personalInLog(file: string, texts: readonly string[]): Promise<Violation[]> {
  const found: Violation[] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    number += 1;
    if (!texts.some((each) => line.includes(each))) continue;
    found.push({ rule: 'no personal data in logs', what: `${basename(file)}, line ${number}` });
    if (found.length === TOLD) break;
  }
  return found;
}
