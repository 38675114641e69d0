import { Kysely, Migrator, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { migrations } from './migrations/index.js';
import { createPartitions } from './partitions.js';

/**
 * Brings a database to the current schema, with partitions for this month and the next ones; safe to run from several processes at once and again.
 * @returns the names of the migrations that were applied now
 * @throws the first migration's error; earlier ones stay applied
 */
export async function migrate(databaseUrl: string): Promise<readonly string[]> {
  const pool = new Pool({ connectionString: databaseUrl, max: 2, connectionTimeoutMillis: 10_000 });
  const db = new Kysely<never>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
    const { error, results } = await migrator.migrateToLatest();
    if (error) throw error;
    await createPartitions(db);
    return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}
