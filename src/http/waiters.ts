import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/tables.js';

/** Waits for orders on behalf of requests with `Prefer: wait`. */
export interface Waiter {
  /**
   * Waits until an order is paid, cancelled or on hold, that is, until nothing more happens by itself within seconds.
   * @param ms patience; an order that takes longer is answered as it is
   */
  settled(orderId: string, ms: number, gone: AbortSignal): Promise<void>;
  /** Lets everybody go. */
  close(): void;
}

/** States in which an order is on its way and will move on within moments; every other one is settled for now. */
const moving = ['pending', 'confirmed.reserving', 'confirmed.awaitingPayment'];

/** How often the one query for all waiting requests is sent, ms. */
const intervalMs = 40;

interface Waiting {
  readonly orderId: string;
  readonly until: number;
  release(): void;
}

/** Makes the waiter of a process: one query at a time, however many requests wait, and none when nobody does. */
export function createWaiter(db: Kysely<Database>): Waiter {
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const look = async () => {
    const now = performance.now();
    for (const one of waiting) if (one.until <= now) one.release();
    const ids = [...new Set([...waiting].map(({ orderId }) => orderId))];
    if (ids.length > 0) {
      // A failure here is not the waiting request's: it goes on, and reads the order itself in the end.
      const settled = await findSettled(db, ids).catch(() => new Set<string>());
      for (const one of waiting) if (settled.has(one.orderId)) one.release();
    }
    timer = undefined;
    schedule();
  };
  const schedule = () => {
    if (waiting.size > 0 && !timer && !closed) timer = setTimeout(look, intervalMs);
  };

  return {
    settled: (orderId, ms, gone) =>
      new Promise((resolve) => {
        const one: Waiting = {
          orderId,
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

async function findSettled(db: Kysely<Database>, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`/* prepared */
    select id from orders.orders where id = any(${ids}::uuid[]) and state <> all(${moving}::text[])`.execute(db);
  return new Set(rows.map(({ id }) => id));
}
