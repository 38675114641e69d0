import { type Kysely, type RawBuilder, sql } from 'kysely';
import { uuids } from '../db/arrays.js';
import type { Database } from '../db/tables.js';
import type { Position } from './cursor.js';

/** A stored actor as reads see it; `C` is its machine's context. */
export interface StoredActor<C> {
  readonly id: string;
  readonly version: number;
  readonly state: string;
  readonly context: C;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The same as a row of a list, with where it stands in it. */
export interface ListedActor<C> extends StoredActor<C> {
  readonly position: Position;
}

interface Row<C> {
  id: string;
  version: number;
  state: string;
  context: C;
  created_at: Date;
  updated_at: Date;
  created_exactly: string;
}

/** The tables of actors that HTTP reads. */
export type ActorTable =
  | 'orders.orders'
  | 'payments.payments'
  | 'shipping.shipments'
  | 'subscriptions.subscriptions'
  | 'billing.invoices';

const select = (table: ActorTable) => sql`
  select id, version, state, snapshot -> 'context' as context, created_at, updated_at,
    to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_exactly
  from ${sql.table(table)}`;

/** Reads actors by id; ids that no actor has are left out. */
export async function readActors<C>(
  db: Kysely<Database>,
  table: ActorTable,
  ids: readonly string[],
): Promise<Map<string, StoredActor<C>>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Row<C>>`/* prepared */ ${select(table)} where id = any(${uuids(ids)})`.execute(db);
  return new Map(rows.map((row) => [row.id, toActor(row)]));
}

/** Reads one actor. */
export async function readActor<C>(
  db: Kysely<Database>,
  table: ActorTable,
  id: string,
): Promise<StoredActor<C> | undefined> {
  return (await readActors<C>(db, table, [id])).get(id);
}

/** Lists actors, newest first. */
export async function listActors<C>(
  db: Kysely<Database>,
  table: ActorTable,
  condition: RawBuilder<unknown>,
  page: { readonly limit: number; readonly after: Position | null },
): Promise<ListedActor<C>[]> {
  const after = page.after
    ? sql`(created_at, id) < (${page.after.createdAt}::timestamptz, ${page.after.id}::uuid)`
    : sql`true`;
  const { rows } = await sql<Row<C>>`${select(table)}
    where ${condition} and ${after} order by created_at desc, id desc limit ${page.limit}`.execute(db);
  return rows.map((row) => ({ ...toActor(row), position: { createdAt: row.created_exactly, id: row.id } }));
}

const toActor = <C>(row: Row<C>): StoredActor<C> => ({
  id: row.id,
  version: row.version,
  state: row.state,
  context: row.context,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
