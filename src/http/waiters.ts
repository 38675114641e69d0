import { type Kysely, type RawBuilder, sql } from 'kysely';
import { uuids } from '../db/arrays.js';
import type { Database } from '../db/tables.js';

/** What can be waited for. */
export type Settling = 'order' | 'subscription' | 'clock';

/** Waits for orders, subscriptions and test clocks on behalf of requests with `Prefer: wait`. */
export interface Waiter {
  /**
   * Waits until nothing more happens by itself within seconds: an order is paid, cancelled or on hold, a subscription has
   * nothing under way, a clock has arrived or is blocked.
   * @param ms patience; one that takes longer is answered as it is
   */
  settled(what: Settling, id: string, ms: number, gone: AbortSignal): Promise<void>;
  /** Lets everybody go. */
  close(): void;
}

/** How to find those that are settled for now: they are in no state, and wait for no answer, that comes within moments. */
const settledAmong: Readonly<Record<Settling, (ids: readonly string[]) => RawBuilder<{ id: string }>>> = {
  order: (ids) => sql`/* prepared */
    select id from orders.orders where id = any(${uuids(ids)})
      and state <> all('{pending,confirmed.reserving,confirmed.awaitingPayment}')`,
  subscription: (ids) => sql`/* prepared */
    select id from subscriptions.subscriptions where id = any(${uuids(ids)})
      and state <> all('{pending,active.renewing,active.cancelling}')
      and snapshot #>> '{context,bill,attempt}' is null and snapshot #>> '{context,change}' is null
      and (snapshot #>> '{context,bill,wanted}' is null or snapshot #>> '{context,cancellation}' is not null)`,
  clock: (ids) => sql`/* prepared */
    select c.id from runtime.clocks c where c.id = any(${uuids(ids)})
      and (c.target is null or exists (select from runtime.dead_letters d where d.clock_id = c.id))`,
};

/** How often the one query for all waiting requests of a kind is sent, ms. */
const intervalMs = 40;

interface Waiting {
  readonly what: Settling;
  readonly id: string;
  readonly until: number;
  release(): void;
}

/** Makes the waiter of a process: one query of a kind at a time, however many requests wait, and none when nobody does. */
export function createWaiter(db: Kysely<Database>): Waiter {
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const look = async () => {
    const now = performance.now();
    for (const one of waiting) if (one.until <= now) one.release();
    // A failure here is not the waiting request's: it goes on, and reads for itself in the end.
    const settled = await findSettled(db, [...waiting]).catch(() => new Set<string>());
    for (const one of waiting) if (settled.has(one.id)) one.release();
    timer = undefined;
    schedule();
  };
  const schedule = () => {
    if (waiting.size > 0 && !timer && !closed) timer = setTimeout(look, intervalMs);
  };

  return {
    settled: (what, id, ms, gone) =>
      new Promise((resolve) => {
        const one: Waiting = {
          what,
          id,
          until: performance.now() + ms,
          release: () => {
            waiting.delete(one);
            gone.removeEventListener('abort', one.release);
            resolve();
          },
        };
        if (closed || gone.aborted) return resolve();
        gone.addEventListener('abort', one.release);
        waiting.add(one);
        schedule();
      }),
    close: () => {
      closed = true;
      clearTimeout(timer);
      for (const one of waiting) one.release();
    },
  };
}

async function findSettled(db: Kysely<Database>, waiting: readonly Waiting[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const [what, query] of Object.entries(settledAmong)) {
    const ids = [...new Set(waiting.filter((one) => one.what === what).map(({ id }) => id))];
    if (ids.length === 0) continue;
    const { rows } = await query(ids).execute(db);
    for (const { id } of rows) found.add(id);
  }
  return found;
}
