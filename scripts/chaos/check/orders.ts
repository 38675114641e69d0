import { sql } from 'kysely';
import type { Actor } from '../../../src/runtime/ports.js';
import { actors } from '../../../src/services/registry.js';
import type { Evidence, Finding } from './evidence.js';
import { type WaitsFor, waitsFor } from './resting.js';

/** Every order that a client was told of is there, at the price that the client was told. */
export async function acknowledgedOrdersExist({ db, acknowledged }: Evidence): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; total: string }>`
    select id, total_minor as total from orders.orders`.execute(db);
  const totals = new Map(rows.map(({ id, total }) => [id, Number(total)]));
  return acknowledged.flatMap((one) => {
    if (one.what !== 'placed') return [];
    const total = totals.get(one.orderId);
    if (total === undefined) return [{ about: `order ${one.orderId}`, what: 'was acknowledged and is not there' }];
    if (total === one.total) return [];
    return [{ about: `order ${one.orderId}`, what: `was acknowledged at ${one.total} and costs ${total}` }];
  });
}

/** There is one order for every request that was acknowledged, and no other. */
export async function ordersWereAskedForOnce({ db, acknowledged }: Evidence): Promise<Finding[]> {
  const placed = acknowledged.filter((one) => one.what === 'placed');
  const idOfKey = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { key, orderId } of placed) {
    const known = idOfKey.get(key);
    if (known && known !== orderId) findings.push({ about: `key ${key}`, what: `placed both ${known} and ${orderId}` });
    idOfKey.set(key, orderId);
  }
  const asked = new Set(placed.map(({ orderId }) => orderId));
  const { rows } = await sql<{ id: string }>`select id from orders.orders`.execute(db);
  for (const { id } of rows)
    if (!asked.has(id)) findings.push({ about: `order ${id}`, what: 'is there and nobody was told of it' });
  return findings;
}

/** What a client was told to be cancelled or delivered is so. */
export async function acknowledgedStepsHold({ db, acknowledged }: Evidence): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; state: string }>`select id, state from orders.orders`.execute(db);
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  return acknowledged.flatMap(({ what, orderId }) => {
    const state = states.get(orderId);
    if (what === 'placed' || state === what) return [];
    return [{ about: `order ${orderId}`, what: `was acknowledged as ${what} and is ${state}` }];
  });
}

/** Every actor is at its end, or waits for somebody outside or for a timer that is armed. */
export async function everyActorRests({ db }: Pick<Evidence, 'db'>): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [recipient, { table }] of Object.entries(actors) as [keyof typeof actors, Actor][]) {
    const { rows } = await sql<{ id: string; state: string; timers: string[] }>`
      select a.id, a.state, array(select split_part(t.name, '.', 3) from runtime.timers t
        where t.actor_id = a.id and t.recipient = ${recipient}) as timers
      from ${sql.table(table)} a`.execute(db);
    for (const { id, state, timers } of rows) {
      const about = `${recipient} ${id}`;
      const waits = waitsFor(recipient, state);
      if (!waits) findings.push({ about, what: `is stuck in ${state}` });
      else if (!isArmed(waits, timers))
        findings.push({
          about,
          what: `is in ${state} and ${typeof waits === 'object' ? waits.timer : 'any timer'} is not armed`,
        });
    }
  }
  return findings;
}

function isArmed(waits: WaitsFor, timers: readonly string[]): boolean {
  if (waits === 'aTimer') return timers.length > 0;
  return typeof waits !== 'object' || timers.includes(waits.timer);
}
