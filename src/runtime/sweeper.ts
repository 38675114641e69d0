import { sql } from 'kysely';
import type { Engine } from './engine.js';
import type { Ref } from './routing.js';
import { fireDue, refOf } from './timers.js';

export interface SweeperOptions {
  readonly engine: Engine;
  /** ms between two sweeps. */
  readonly intervalMs: number;
  /** Rows of each kind per sweep at most. */
  readonly limit?: number;
  /** Messages that may wait while due timers are fired; beyond them a sweep fires a fifth of these. */
  readonly share?: number;
  readonly handOff: (refs: readonly Ref[]) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Brings back what nobody fetched: due timers become messages, and messages that waited too long get a new packet. A crash between
 * commit and enqueue, a lost or stalled job and an empty Redis are thereby one case (invariant 3). Every process may run one.
 */
export class Sweeper {
  readonly #options: Required<SweeperOptions>;
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = { limit: 500, share: 50, ...options };
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#loop();
    }, this.#options.intervalMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#sweeping;
  }

  /** One sweep; answers how many messages it woke and timers it fired. */
  async sweep(): Promise<{ woken: number; fired: number }> {
    const fired = await this.#fireTimers();
    const woken = await this.#wakeMessages();
    await this.#options.handOff([...fired, ...woken]);
    return { woken: woken.length, fired: fired.length };
  }

  async #loop(): Promise<void> {
    const { intervalMs, limit } = this.#options;
    let pause = intervalMs;
    try {
      const { woken, fired } = await this.sweep();
      // More may be due: they come in as soon as these are dealt with.
      if (fired > 0) pause = intervalMs / 10;
      if (woken >= limit) pause = 0;
    } catch (error) {
      this.#options.onError(error);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#loop();
    }, pause);
  }

  /**
   * Moves due timers into their actors' mailboxes; the database's clock decides what is due, not this process's (invariant 6).
   * However many are due at once, they are let in as room is made for them: an order that is placed meanwhile waits behind a
   * few of them, not behind all.
   */
  async #fireTimers(): Promise<Ref[]> {
    const { engine, limit, share } = this.#options;
    // The clock as a subquery: what is asked once is looked up in the index, the bare function would be compared with every timer there is.
    const least = Math.ceil(share / 5);
    return fireDue(
      engine,
      engine.db,
      sql`
      picked as (
        select recipient, actor_id, name from runtime.timers
        where clock_id is null and due_at <= (select clock_timestamp())
        order by due_at limit least(${limit}::int, greatest(${least}::int, ${share}::int - (
          select count(*)::int from (select from runtime.mailbox where not deferred limit ${share}::int) waiting)))
        for update skip locked),
      due as (
        delete from runtime.timers t using picked p
        where t.actor_id = p.actor_id and t.recipient = p.recipient and t.name = p.name
        returning t.*)`,
    );
  }

  async #wakeMessages(): Promise<Ref[]> {
    const { engine, limit } = this.#options;
    // The longer a message already waits, the longer until it is woken again (at most a minute): a long queue is not made longer
    // by its own sweeper, and what waited for Redis for hours need not wait hours more.
    const { rows } = await sql<{ id: string; recipient: string; actor_id: string; type: string }>`/* prepared */
      with late as (
        select seq, case when clock_id is null then clock_timestamp() - sent_at else interval '0' end as waited from runtime.mailbox
        where not deferred and wake_at <= (select clock_timestamp()) and (lease_until is null or lease_until < clock_timestamp())
        order by wake_at limit ${limit}::int for update skip locked)
      update runtime.mailbox m
      set wake_at = clock_timestamp()
        + greatest(${engine.wakeAfterMs}::int * interval '1 millisecond', least(waited / 2, interval '1 minute'))
      from late where m.seq = late.seq
      returning m.id, m.recipient, m.actor_id, m.type`.execute(engine.db);
    return rows.map((row) => refOf(engine, row));
  }
}
