import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { soleBroker } from '../kafka-settings.js';
import { become } from './become.js';

const run = promisify(execFile);

const JAVA = '/opt/java/bin/java';
const JARS = '/opt/kafka/*';

/** Behind this one a client on the other side of a port-forward finds the broker again. */
const FORWARDED = 19_092;

/**
 * One Kafka on `/data`, formatted on the first start. `KAFKA_ADVERTISED` is where clients in the cluster find it, such as
 * `kafka:9092`; `KAFKA_HEAP` its heap.
 */
export async function runKafka(): Promise<void> {
  const data = '/data/kafka';
  const settings = '/tmp/server.properties';
  await mkdir(data, { recursive: true });
  await writeFile(settings, textOf(data));
  const heap = process.env.KAFKA_HEAP ?? '256m';
  const java = [`-Xms64m`, `-Xmx${heap}`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:MaxMetaspaceSize=128m'];
  const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Djava.io.tmpdir=/tmp'];
  const call = (main: string) => [...java, ...logging, '-cp', JARS, main];
  if (!existsSync(join(data, 'meta.properties'))) {
    const format = ['format', '-t', 'cmVndWxhcnMtdHJpYWwtMQ', '-c', settings];
    await run(JAVA, [...call('kafka.tools.StorageTool'), ...format]);
  }
  become(JAVA, [...call('kafka.Kafka'), settings], process.env, 'SIGTERM');
}

function textOf(data: string): string {
  const listeners = `PLAINTEXT://:9092,FORWARDED://:${FORWARDED},CONTROLLER://127.0.0.1:9093`;
  return soleBroker({
    'controller.quorum.voters': '1@127.0.0.1:9093',
    listeners,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,FORWARDED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'advertised.listeners': `PLAINTEXT://${process.env.KAFKA_ADVERTISED ?? 'kafka:9092'},FORWARDED://127.0.0.1:${FORWARDED}`,
    'log.dirs': data,
  });
}
