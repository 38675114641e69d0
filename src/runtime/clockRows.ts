import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/tables.js';

/** A message that a clock waits for: `until` is when it is tried again in real time, null for at once. */
export interface Awaited {
  readonly id: string;
  readonly type: string;
  readonly recipient: string;
  readonly actorId: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly until: string | null;
}

/** A test clock. */
export interface Clock {
  readonly id: string;
  readonly name: string | null;
  readonly now: string;
  /** Where it is going; null while it stands still. */
  readonly target: string | null;
  /** `blocked`: on its way, and held up by messages that were given up and wait for a person. */
  readonly status: 'ready' | 'advancing' | 'blocked';
  /** When its next timer is due; null when none is set. */
  readonly nextDueAt: string | null;
  /** The first messages that it waits for. */
  readonly waitsFor: readonly Awaited[];
  /** The first messages on it that were given up. */
  readonly parked: readonly Awaited[];
}

/** Makes a clock that stands at an instant, the real time unless one is given; one that is there already stays as it is. */
export async function createClock(
  db: Kysely<Database>,
  clock: { readonly id: string; readonly name: string | null; readonly now: string | null },
): Promise<void> {
  await sql`
    insert into runtime.clocks (id, name, now)
    values (${clock.id}, ${clock.name}, date_trunc('milliseconds', coalesce(${clock.now}::timestamptz, clock_timestamp())))
    on conflict do nothing`.execute(db);
}

/** Where a clock shall go: an instant, or an ISO 8601 duration beyond where it stands or is going already. */
export type Goal = { readonly to: string } | { readonly by: string };

/**
 * Sends a clock forwards; of several goals the farthest counts. Answers false when the clock is past the goal, when the goal is
 * beyond the year 9999, or when there is no such clock.
 */
export async function sendClock(db: Kysely<Database>, id: string, goal: Goal): Promise<boolean> {
  const bound = sql`coalesce(target, now)`;
  // Months and days are those of UTC, whatever the database's time zone.
  const asked =
    'to' in goal
      ? sql`${goal.to}::timestamptz`
      : sql`(${bound} at time zone 'UTC' + ${goal.by}::interval) at time zone 'UTC'`;
  const instant = sql`date_trunc('milliseconds', ${asked})`;
  const { numAffectedRows } = await sql`
    update runtime.clocks set target = greatest(${bound}, ${instant})
    where id = ${id} and ${instant} >= now and ${instant} < '10000-01-01Z'`.execute(db);
  return numAffectedRows === 1n;
}

/** Reads a clock, with at most `limit` messages of each kind. */
export async function readClock(db: Kysely<Database>, id: string, limit = 20): Promise<Clock | undefined> {
  const { rows } = await sql<{
    name: string | null;
    now: Date;
    target: Date | null;
    next: Date | null;
    waits_for: Awaited[];
    parked: Awaited[];
  }>`
    select c.name, c.now, c.target, (select min(due_at) from runtime.timers where clock_id = c.id) as next,
      (select coalesce(jsonb_agg(${awaited(sql`m.lease_until`, sql`m.last_error`)}), '[]') from (
        select * from runtime.mailbox where clock_id = c.id and not deferred order by seq limit ${limit}) m) as waits_for,
      (select coalesce(jsonb_agg(${awaited(sql`null::timestamptz`, sql`m.error`)}), '[]') from (
        select * from runtime.dead_letters where clock_id = c.id order by seq limit ${limit}) m) as parked
    from runtime.clocks c where c.id = ${id}`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  const status = row.target === null ? 'ready' : row.parked.length > 0 ? 'blocked' : 'advancing';
  return {
    id,
    name: row.name,
    now: row.now.toISOString(),
    target: row.target?.toISOString() ?? null,
    status,
    nextDueAt: row.next?.toISOString() ?? null,
    waitsFor: row.waits_for,
    parked: row.parked,
  };
}

const awaited = (until: ReturnType<typeof sql>, error: ReturnType<typeof sql>) => sql`jsonb_build_object(
  'id', m.id, 'type', m.type, 'recipient', m.recipient, 'actorId', m.actor_id, 'attempts', m.attempts, 'error', ${error},
  'until', to_char(${until} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`;
