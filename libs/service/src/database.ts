import pg from 'pg';
import { DataSource, type DataSourceOptions, type MigrationInterface } from 'typeorm';
import { isOutage } from './outage.js';
import type { ServiceSettings } from './settings.js';

/** Migration classes of a service, oldest first; each has an explicit `name` that ends in thirteen digits. */
export type Migrations = readonly (new () => MigrationInterface)[];

// int8 comes as text by default; every whole number of ours is a safe integer, and one that is not must not pass.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`int8 ${text} is beyond the safe integers`);
  return number;
});

/** Options of the service's one DataSource: its own role, whose search_path is its schema; no synchronisation ever. */
export function dataSourceOptions(name: string, settings: ServiceSettings, migrations: Migrations): DataSourceOptions {
  return {
    type: 'postgres',
    url: settings.DATABASE_URL,
    applicationName: `regulars-${name}`,
    poolSize: settings.DATABASE_POOL,
    connectTimeoutMS: 5_000,
    synchronize: false,
    migrations: [...migrations],
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    extra: { statement_timeout: 15_000, idle_in_transaction_session_timeout: 10_000 },
  };
}

/** The connections below a DataSource, for reads that are worth a named statement: TypeORM has each planned anew. */
export function poolOf(dataSource: DataSource): pg.Pool {
  return (dataSource.driver as unknown as { master: pg.Pool }).master;
}

/**
 * Brings the service's schema to the version of this code. Processes that start at once wait for each other on an
 * advisory lock; who comes second finds nothing to do.
 *
 * @returns names of the migrations that ran
 */
export async function migrate(name: string, settings: ServiceSettings, migrations: Migrations): Promise<string[]> {
  const lock = new pg.Client({ connectionString: settings.DATABASE_URL, application_name: `regulars-${name}-migrate` });
  await lock.connect();
  try {
    await lock.query(`SELECT pg_advisory_lock(hashtextextended('regulars:migrate:' || current_schema(), 0))`);
    const dataSource = new DataSource({
      ...dataSourceOptions(name, settings, migrations),
      poolSize: 2,
      // A migration may take longer than any statement that serves.
      extra: { statement_timeout: 0 },
    } as DataSourceOptions);
    await dataSource.initialize();
    try {
      return (await dataSource.runMigrations()).map((migration) => migration.name);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await lock.end();
  }
}

/** Names of the migrations that this code has and the database has not run, oldest first. */
export async function missingMigrations(dataSource: DataSource, migrations: Migrations): Promise<string[]> {
  const names = migrations.map((migration) => new migration().name ?? migration.name);
  const [table] = await dataSource.query<{ found: boolean }[]>(`SELECT to_regclass('migration') IS NOT NULL AS found`);
  const ran = table?.found ? await dataSource.query<{ name: string }[]>('SELECT name FROM migration') : [];
  return names.filter((name) => !ran.some((each) => each.name === name));
}

/**
 * Waits until the database has every migration of this code, which somebody else runs (requirement O1). Newer ones do not
 * matter: they are made so that this version works with them.
 *
 * @param waiting called whenever it looks and something is missing, or the database does not answer
 */
export async function schemaIsThere(
  name: string,
  settings: ServiceSettings,
  migrations: Migrations,
  waiting: (missing: readonly string[]) => void,
): Promise<void> {
  for (let told = ''; ; ) {
    const missing = await lookForMissing(name, settings, migrations);
    if (missing.length === 0) return;
    if (told !== missing.join()) waiting(missing);
    told = missing.join();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function lookForMissing(name: string, settings: ServiceSettings, migrations: Migrations): Promise<string[]> {
  const dataSource = new DataSource({ ...dataSourceOptions(name, settings, []), poolSize: 1 } as DataSourceOptions);
  try {
    await dataSource.initialize();
    return await missingMigrations(dataSource, migrations);
  } catch (error) {
    if (!isOutage(error)) throw error;
    return ['the database does not answer'];
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}
