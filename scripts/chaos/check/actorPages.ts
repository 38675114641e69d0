import { sql } from 'kysely';
import type { JournalRow } from '../../../src/runtime/fold.js';
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

async function readJournals(db: Evidence['db'], recipient: string, ids: readonly string[]) {
  const { rows } = await sql<{
    actor_id: string;
    message_id: string;
    type: string;
    data: unknown;
    correlation_id: string;
    at: Date;
    version: number;
    machineVersion: number;
  }>`
    select actor_id, message_id, type, data, correlation_id, at, version, machine_version as "machineVersion" from runtime.journal
    where recipient = ${recipient} and actor_id = any(${ids}::uuid[]) and outcome = 'applied' order by actor_id, version`.execute(
    db,
  );
  const journals = new Map<string, JournalRow[]>();
  for (const { actor_id, message_id, correlation_id, at, ...row } of rows) {
    const entry = { ...row, messageId: message_id, correlationId: correlation_id, at: at.toISOString() };
    const list = journals.get(actor_id);
    if (list) list.push(entry);
    else journals.set(actor_id, [entry]);
  }
  return journals;
}
