import { type RawBuilder, sql } from 'kysely';
import { instants, ints, texts, uuids } from '../db/arrays.js';
import type { Engine } from './engine.js';
import type { Trx } from './ports.js';
import type { Ref } from './routing.js';
import type { Key } from './store.js';

/** A timer to be set: `visit` is the actor version that armed it, the token of that visit of the state. */
export interface Arming extends Key {
  readonly name: string;
  readonly visit: number;
  readonly dueAt: string;
  readonly clockId: string | null;
  readonly correlationId: string;
  readonly causationId: string;
}

/** Sets timers, replacing those of the same name. */
export async function armTimers(trx: Trx, armings: readonly Arming[]): Promise<void> {
  if (armings.length === 0) return;
  await sql`/* prepared */
    insert into runtime.timers (recipient, actor_id, name, visit, due_at, clock_id, correlation_id, causation_id)
    select * from unnest(${texts(armings.map((a) => a.recipient))}, ${uuids(armings.map((a) => a.actorId))},
      ${texts(armings.map((a) => a.name))}, ${ints(armings.map((a) => a.visit))}, ${instants(armings.map((a) => a.dueAt))},
      ${uuids(armings.map((a) => a.clockId))}, ${uuids(armings.map((a) => a.correlationId))}, ${uuids(armings.map((a) => a.causationId))})
    on conflict (actor_id, recipient, name) do update
    set visit = excluded.visit, due_at = excluded.due_at, correlation_id = excluded.correlation_id, causation_id = excluded.causation_id`.execute(
    trx,
  );
}

/** Removes timers whose state was left. */
export async function disarmTimers(trx: Trx, timers: readonly (Key & { readonly name: string })[]): Promise<void> {
  if (timers.length === 0) return;
  await sql`/* prepared */
    delete from runtime.timers t
    using unnest(${texts(timers.map((t) => t.recipient))}, ${uuids(timers.map((t) => t.actorId))}, ${texts(timers.map((t) => t.name))})
      as u(recipient, actor_id, name)
    where t.actor_id = u.actor_id and t.recipient = u.recipient and t.name = u.name`.execute(trx);
}

/** A new UUIDv7 in SQL (PostgreSQL has a function of its own only from version 18 on): the time in ms, then random bits. */
const uuidv7 = sql.raw(
  `encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid`,
);

/** A message in its mailbox, as a row that tells where it is. */
interface WaitingRow {
  readonly id: string;
  readonly recipient: string;
  readonly actor_id: string;
  readonly type: string;
}

export const refOf = (engine: Pick<Engine, 'routing'>, row: WaitingRow): Ref => ({
  id: row.id,
  type: row.type,
  recipient: row.recipient,
  actorId: row.actor_id,
  queue: engine.routing.queueOf(row.type, row.recipient),
});

/**
 * Moves timers into their actors' mailboxes, the earliest first.
 * @param due common table expressions, of which the last is called `due` and deletes the timers
 */
export async function fireDue(engine: Engine, db: Trx, due: RawBuilder<unknown>): Promise<Ref[]> {
  const { rows } = await sql<WaitingRow>`/* prepared */
    with ${due}
    insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, causation_id, clock_id, queue, sent_at, wake_at)
    select ${uuidv7}, recipient, actor_id, name, json_build_object('visit', visit), '/timers', correlation_id, causation_id, clock_id,
      '', due_at, clock_timestamp() + ${engine.wakeAfterMs}::int * interval '1 millisecond'
    from due order by due_at, visit, name
    returning id, recipient, actor_id, type`.execute(db);
  return rows.map((row) => refOf(engine, row));
}
