import type { Kysely } from 'kysely';
import { connect } from '../../src/db/connect.js';
import type { Database } from '../../src/db/tables.js';
import { testDatabase } from '../support/servers.js';

/** A database of a suite's own, and a way to be rid of it. */
export async function openDatabase(): Promise<{ db: Kysely<Database>; close(): Promise<void> }> {
  const database = await testDatabase();
  const { db, close } = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => undefined });
  return {
    db,
    async close() {
      await close();
      await database.drop();
    },
  };
}
