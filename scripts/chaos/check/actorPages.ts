import { sql } from 'kysely';
import { type JournalRow, readJournals } from '../../../src/runtime/fold.js';
import type { Evidence } from './evidence.js';

/** A stored actor with the messages that made it. */
export interface StoredActor {
  readonly id: string;
  readonly version: number;
  readonly snapshot: string;
  readonly rows: readonly JournalRow[];
}

const pageSize = 500;

/** Reads all actors of a table with their journals, a page at a time. */
export async function* actorPages(
  db: Evidence['db'],
  recipient: string,
  table: string,
): AsyncGenerator<readonly StoredActor[]> {
  let last = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows: stored } = await sql<{ id: string; version: number; snapshot: string }>`
      select id, version, snapshot::text as snapshot from ${sql.table(table)} where id > ${last} order by id limit ${pageSize}::int`.execute(
      db,
    );
    if (stored.length === 0) return;
    last = stored.at(-1)?.id as string;
    const journals = await readJournals(
      db,
      recipient,
      stored.map(({ id }) => id),
    );
    yield stored.map((actor) => ({ ...actor, rows: journals.get(actor.id) ?? [] }));
  }
}
