import { sql } from 'kysely';
import type { Trx } from './ports.js';
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
    select * from unnest(${armings.map((a) => a.recipient)}::text[], ${armings.map((a) => a.actorId)}::uuid[],
      ${armings.map((a) => a.name)}::text[], ${armings.map((a) => a.visit)}::int[], ${armings.map((a) => a.dueAt)}::timestamptz[],
      ${armings.map((a) => a.clockId)}::uuid[], ${armings.map((a) => a.correlationId)}::uuid[], ${armings.map((a) => a.causationId)}::uuid[])
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
    using unnest(${timers.map((t) => t.recipient)}::text[], ${timers.map((t) => t.actorId)}::uuid[], ${timers.map((t) => t.name)}::text[])
      as u(recipient, actor_id, name)
    where t.actor_id = u.actor_id and t.recipient = u.recipient and t.name = u.name`.execute(trx);
}
