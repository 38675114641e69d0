import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import { percentiles } from '../bench/measure.js';
import { waitsFor } from './check/resting.js';
import type { Struck } from './nemesis.js';

/** A stretch of time during which an order had something to come (ms since the epoch). */
export interface InFlight {
  readonly from: number;
  readonly to: number;
}

/** Seconds from the moment a fault is over. */
export interface Recovery {
  /** Until the next order came to rest: the system works again. */
  readonly system: Spread;
  /** Until an order that was in flight came to rest, over all of them. */
  readonly orders: Spread;
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

/** How fast everything was back after each fault. Pure. */
export function recoveryFrom(
  struck: readonly Pick<Struck, 'overAt' | 'skipped'>[],
  inFlight: readonly InFlight[],
): Recovery {
  const system: number[] = [];
  const orders: number[] = [];
  for (const { overAt, skipped } of struck) {
    if (skipped !== null) continue;
    const next = inFlight.reduce(
      (least, { to }) => (to > overAt ? Math.min(least, to) : least),
      Number.POSITIVE_INFINITY,
    );
    if (Number.isFinite(next)) system.push(next - overAt);
    for (const { from, to } of inFlight) if (from <= overAt && overAt < to) orders.push(to - overAt);
  }
  return { system: spread(system), orders: spread(orders) };
}

const spread = (ms: readonly number[]): Spread => {
  const { p50, p99 } = percentiles(ms.map((one) => one / 1000));
  return { p50, p99, count: ms.length };
};

/** When orders had something to come, from their journals. */
export async function ordersInFlight(db: Kysely<Database>): Promise<InFlight[]> {
  const { rows } = await sql<{ actor_id: string; at: Date; state: string }>`
    select actor_id, at, state_after as state from runtime.journal
    where recipient = 'order' and outcome = 'applied' order by actor_id, version`.execute(db);
  const stretches: InFlight[] = [];
  let order = '';
  let from: number | null = null;
  for (const { actor_id, at, state } of rows) {
    if (actor_id !== order) from = null;
    order = actor_id;
    from ??= at.getTime();
    if (!waitsFor('order', state)) continue;
    if (at.getTime() > from) stretches.push({ from, to: at.getTime() });
    from = null;
  }
  return stretches;
}
