import { sql } from 'kysely';
import {
  backoffMs,
  type DirectResult,
  type Drained,
  describeError,
  drain,
  type Engine,
  maxAttempts,
  type Unit,
} from './drain.js';
import { FatalError } from './errors.js';
import { Groups } from './groups.js';
import type { Ref } from './routing.js';
import { buryMessages, ConcurrentWriteError, type Key, lockActors, returnMessages, takeMessages } from './store.js';

/** What a lane tells its observers after each committed group. */
export interface GroupReport {
  readonly units: number;
  readonly consumed: number;
  readonly sent: number;
  readonly seconds: number;
}

export interface LaneOptions {
  readonly engine: Engine;
  /** Units in one transaction at most. */
  readonly batchSize: number;
  readonly lanes?: number;
  /** Called after each commit with the messages that want a packet; must not throw. */
  readonly handOff: (refs: readonly Ref[]) => Promise<void>;
  readonly onGroup?: (report: GroupReport) => void;
  readonly onPoison?: (unit: Key, error: unknown) => void;
}

/**
 * The commit lane of a process: drains everything that is asked of it in groups, one transaction after the other, and keeps a
 * poisonous message from spoiling its group (invariant 8).
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #groups: Groups<Unit, DirectResult | null>;
  readonly #handOffs = new Set<Promise<void>>();

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#groups = new Groups({
      work: (units) => this.#group(units),
      max: options.batchSize,
      ...(options.lanes ? { lanes: options.lanes } : {}),
    });
  }

  /** Units that no transaction has begun with. */
  get waiting(): number {
    return this.#groups.waiting;
  }

  /** Drains one mailbox, or gives a direct message to its actor; resolves after the commit with what the direct message did. */
  submit(unit: Unit): Promise<DirectResult | null> {
    return this.#groups.submit(unit);
  }

  /** Resolves once everything submitted is committed and handed off. */
  async idle(): Promise<void> {
    await this.#groups.idle();
    await Promise.all(this.#handOffs);
  }

  async #group(units: readonly Unit[]): Promise<(DirectResult | null | Error)[]> {
    const results = new Map<Unit, DirectResult | null | Error>();
    await this.#drain(units, results);
    return units.map((unit) => results.get(unit) ?? null);
  }

  /** Drains units together; when that fails, halves until the one at fault is alone. */
  async #drain(units: readonly Unit[], results: Map<Unit, DirectResult | null | Error>, tries = 1): Promise<void> {
    const began = performance.now();
    let drained: Drained;
    try {
      drained = await drain(this.#options.engine, units);
    } catch (error) {
      if (isTransient(error)) throw error;
      if (isContention(error) && tries < 5) return this.#drain(units, results, tries + 1);
      if (units.length > 1) {
        const half = units.length >> 1;
        await this.#drain(units.slice(0, half), results);
        return this.#drain(units.slice(half), results);
      }
      const [unit] = units as [Unit];
      this.#options.onPoison?.(unit, error);
      if (unit.direct) results.set(unit, error instanceof Error ? error : new Error(String(error)));
      else await setAside(this.#options.engine, unit, error);
      return;
    }
    for (const unit of units) results.set(unit, unit.direct ? (drained.direct.get(unit.direct.id) ?? null) : null);
    this.#options.onGroup?.({
      units: units.length,
      consumed: drained.consumed,
      sent: drained.refs.length,
      seconds: (performance.now() - began) / 1000,
    });
    this.#handOff(drained.refs);
  }

  #handOff(refs: readonly Ref[]): void {
    if (refs.length === 0) return;
    // Not awaited: the next group need not wait for Redis. What a crash loses here, the sweeper finds (invariant 3).
    const handOff = this.#options.handOff(refs).finally(() => this.#handOffs.delete(handOff));
    this.#handOffs.add(handOff);
  }
}

/** Sets the first message of a mailbox aside after a drain of it alone failed: backoff, or dead letters after {@link maxAttempts}. */
async function setAside(engine: Engine, unit: Key, error: unknown): Promise<void> {
  await engine.db.transaction().execute(async (trx) => {
    await lockActors(trx, [unit]);
    const { taken } = await takeMessages(trx, [unit]);
    const [first, ...rest] = taken;
    if (!first) return;
    const attempts = first.attempts + 1;
    const text = describeError(error);
    const keep = { deferred: false, backoffMs: 0, error: null };
    await returnMessages(
      trx,
      rest.map((one) => ({ taken: one, attempts: one.attempts, ...keep })),
    );
    if (error instanceof FatalError || attempts >= maxAttempts)
      await buryMessages(trx, [{ taken: first, attempts, error: text }]);
    else await returnMessages(trx, [{ taken: first, ...keep, attempts, backoffMs: backoffMs(attempts), error: text }]);
  });
}

interface PostgresError {
  readonly code?: string;
}

/** The database is out of reach: nobody's message is at fault, and everybody may try again later. */
export function isTransient(error: unknown): boolean {
  const { code } = error as PostgresError;
  if (
    typeof code === 'string' &&
    (/^(08|57P|53)/.test(code) || code.startsWith('ECONN') || code === 'EPIPE' || code === 'ETIMEDOUT')
  )
    return true;
  const message = error instanceof Error ? error.message : '';
  return /Connection terminated|timeout exceeded when trying to connect|not queryable|Client has encountered a connection error/.test(
    message,
  );
}

/** Somebody else was at the same rows at the same time: the same group may simply be tried again. */
function isContention(error: unknown): boolean {
  const { code } = error as PostgresError;
  return error instanceof ConcurrentWriteError || code === '40001' || code === '40P01' || code === '23505';
}

/** Bounded count of the messages that wait to be fetched, for backpressure; `limit + 1` means "more than the limit". */
export async function backlog(engine: Pick<Engine, 'db'>, limit: number): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) from (select 1 from runtime.mailbox where not deferred limit ${limit + 1}) waiting`.execute(
    engine.db,
  );
  return Number(rows[0]?.count ?? 0);
}
