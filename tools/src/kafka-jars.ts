import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, workspaceDir } from './folders.js';
import { CannotStart } from './processes.js';

const run = promisify(execFile);

const OR_ELSE = 'or set KAFKA_BROKERS to the address of a Kafka 3.7 or later';

/** The path of a Java 17 or later: the one of JAVA_HOME, else the one on the PATH. */
export async function findJava(): Promise<string> {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const version = await run(java, ['-version']).then(
    ({ stderr }) => Number(/version "(\d+)/.exec(stderr)?.[1]),
    () => undefined,
  );
  if (version === undefined)
    throw new CannotStart(`Kafka needs Java 17 or later and "${java}" cannot be run: install one, ${OR_ELSE}.`);
  if (version < 17)
    throw new CannotStart(
      `Kafka needs Java 17 or later and "${java}" is Java ${version}: install a newer one, ${OR_ELSE}.`,
    );
  return java;
}

/** The folder with Kafka's jars; Maven fetches them on the first call. */
export async function kafkaJars(): Promise<string> {
  const pom = join(workspaceDir, 'tools', 'kafka', 'pom.xml');
  const version = /<artifactId>kafka_2\.13<\/artifactId>\s*<version>([^<]+)</.exec(await readFile(pom, 'utf8'))?.[1];
  const jars = join(cacheDir, `kafka-${version}`);
  if (existsSync(jars)) return jars;
  const draft = `${jars}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}`];
    await run('mvn', ['-q', '-B', '-f', pom, ...goal]);
    await rename(draft, jars);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (existsSync(jars)) return jars;
    throw couldNotFetch(error as NodeJS.ErrnoException & { stdout?: string });
  }
  return jars;
}

function couldNotFetch(error: NodeJS.ErrnoException & { stdout?: string }): Error {
  if (error.code === 'ENOENT')
    return new CannotStart(`Kafka's jars come through Maven and there is no "mvn": install Maven, ${OR_ELSE}.`);
  const reason = error.stdout?.split('\n').find((line) => line.includes('ERROR')) ?? error.message;
  return new CannotStart(
    `Maven could not fetch Kafka's jars (${reason.trim()}): mend Maven's access to its repository, ${OR_ELSE}.`,
  );
}
