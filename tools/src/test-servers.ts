import { type Servers, startTestServers } from './servers.js';

let ours: Servers | undefined;

/**
 * Jest's global set-up: gives the tests a PostgreSQL (`REGULARS_TEST_DATABASE_URL`, the administrator's) and a Kafka
 * (`REGULARS_TEST_KAFKA_BROKERS`). Those that are set already are used; else `DATABASE_URL` and `KAFKA_BROKERS`; else
 * servers are started for this run alone.
 */
export default async function startServersForTests(): Promise<void> {
  if (process.env.REGULARS_TEST_DATABASE_URL && process.env.REGULARS_TEST_KAFKA_BROKERS) return;
  ours = await startTestServers();
  process.env.REGULARS_TEST_DATABASE_URL = ours.adminUrl;
  process.env.REGULARS_TEST_KAFKA_BROKERS = ours.brokers;
}

/** Ends the servers that this run started. */
export async function stopServersForTests(): Promise<void> {
  await ours?.stop();
}
