import { sql } from 'kysely';
import { uuids } from '../db/arrays.js';
import type { Engine } from './engine.js';
import type { Lane } from './lane.js';
import type { Trx } from './ports.js';
import type { Ref } from './routing.js';
import { fireDue } from './timers.js';

export interface ClocksOptions {
  readonly engine: Engine;
  readonly lane: Pick<Lane, 'submit'>;
  /** ms between two looks while nobody reports that something was done. */
  readonly pollMs?: number;
  /** Clocks that one turn moves at most, and timers of each that it fires. */
  readonly limit?: number;
  readonly onError: (error: unknown) => void;
}

/** ms between two looks for timers that were set in the past of a clock that stands still. */
const overdueMs = 500;

/**
 * Moves the test clocks that have a target: from one due timer to the next, each once everything that the one before has led to
 * is done. All there is to know is in the rows, so a process may die at any moment, and every process may run one.
 */
export class Clocks {
  readonly #options: Required<ClocksOptions>;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #poked = false;
  #wake: (() => void) | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly #drains = new Set<Promise<unknown>>();

  constructor(options: ClocksOptions) {
    this.#options = { pollMs: 25, limit: 500, ...options };
  }

  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.poke();
    await this.#running;
    await Promise.all(this.#drains);
  }

  /** Something was committed: a clock may have nothing to wait for any more. For `onGroup` of the lane. */
  readonly poke = (): void => {
    this.#poked = true;
    this.#wake?.();
  };

  /** Moves every clock that waits for nothing to its next timer, or to its target; answers the timers' messages. */
  turn(): Promise<Ref[]> {
    const { engine, limit } = this.#options;
    return engine.db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ id: string }>`/* prepared */
        select c.id from runtime.clocks c where c.target is not null and ${waitsForNothing}
        limit ${limit}::int for update of c skip locked`.execute(trx);
      if (rows.length === 0) return [];
      // What is waiting is looked at once more now that the clocks are locked, since a drain may have ended in between.
      return step(
        engine,
        trx,
        rows.map(({ id }) => id),
        limit,
      );
    });
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      this.#poked = false;
      let pauseMs = this.#options.pollMs;
      try {
        await this.#findOverdue();
        for (const { recipient, actorId } of await this.turn()) this.#drain(recipient, actorId);
      } catch (error) {
        this.#options.onError(error);
        pauseMs = 500;
      }
      if (!this.#poked) await this.#pause(pauseMs);
    }
  }

  /** Straight into this process's lane: what a crash loses here, the sweeper finds (invariant 3). */
  #drain(recipient: string, actorId: string): void {
    const { lane, onError } = this.#options;
    const drained = lane
      .submit({ recipient, actorId })
      .catch(onError)
      .finally(() => this.#drains.delete(drained));
    this.#drains.add(drained);
  }

  /** Gives clocks that stand still a reason to fire what has been set in their past. */
  async #findOverdue(): Promise<void> {
    if (performance.now() - this.#lookedAt < overdueMs) return;
    this.#lookedAt = performance.now();
    await sql`/* prepared */
      update runtime.clocks set target = now where id in (
        select c.id from runtime.clocks c
        where c.target is null and exists (select from runtime.timers t where t.clock_id = c.id and t.due_at <= c.now)
        for update skip locked)`.execute(this.#options.engine.db);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }
}

/** Whether no message of the clock `c` is on its way, under way or given up. */
const waitsForNothing = sql`
  not exists (select from runtime.mailbox m where m.clock_id = c.id and not m.deferred)
  and not exists (select from runtime.dead_letters d where d.clock_id = c.id)`;

function step(engine: Engine, trx: Trx, ids: readonly string[], limit: number): Promise<Ref[]> {
  return fireDue(
    engine,
    trx,
    sql`
    free as (
      select c.id, (select min(t.due_at) from runtime.timers t where t.clock_id = c.id) as next
      from runtime.clocks c where c.id = any(${uuids(ids)}) and ${waitsForNothing}),
    moved as (
      update runtime.clocks c
      set now = greatest(c.now, least(free.next, c.target)), target = case when free.next <= c.target then c.target end
      from free where c.id = free.id
      returning c.id, c.now),
    picked as (
      select t.recipient, t.actor_id, t.name from moved cross join lateral (
        select * from runtime.timers where clock_id = moved.id and due_at <= moved.now
        order by due_at, visit, name, actor_id limit ${limit}::int) t),
    due as (
      delete from runtime.timers t using picked p
      where t.actor_id = p.actor_id and t.recipient = p.recipient and t.name = p.name
      returning t.*)`,
  );
}
