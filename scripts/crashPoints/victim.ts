import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { lastLines, waitUntil } from '../dev/managedProcess.js';
import { crashAtOf, type Death, isOnTheWayOut } from './plan.js';
import type { Kind, Stage, Started } from './stage.js';

/** How long a process may take to start, and then to come to its point (ms). */
const startMs = 60_000;
const patienceMs = 45_000;
/** How long it lives before it is told to stop, when its point is on the way out (ms). */
const lifeMs = 3_000;

/** The web or the worker: dies again and again, and comes back each time. */
export class Victim {
  readonly kind: Kind;
  readonly #stage: Stage;
  /** Where its processes have come by. */
  readonly reached = new Set<string>();
  /** Why its processes ended when nobody had meant them to. */
  readonly strange: string[] = [];
  #current: Started | null = null;

  constructor(stage: Stage, kind: Kind) {
    this.#stage = stage;
    this.kind = kind;
  }

  /**
   * Puts a process there that is not to die.
   * @throws {Error} when it ends all the same
   */
  async live(): Promise<void> {
    const { process, hits } = await this.#replace('');
    const answers = () =>
      fetch(`${this.#stage.webUrl}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitUntil(process, async () => (this.kind === 'web' ? answers() : existsSync(hits)), startMs);
    if (!process.isRunning()) throw new Error(`${process.name} did not start: ${lastLines(process.output(), 5)}`);
  }

  /** Has a process die at one point. Answers false when it did not come there in time. */
  async dieAt(death: Death): Promise<boolean> {
    const crashAt = crashAtOf(death);
    const { process, hits } = await this.#replace(crashAt);
    const cameTo = (what: string) => existsSync(hits) && readFileSync(hits, 'utf8').includes(what);
    // On a busy machine it takes a while until it is there at all.
    await waitUntil(process, async () => cameTo('\n'), startMs);
    if (isOnTheWayOut(death.point)) {
      await sleep(lifeMs);
      process.signal('SIGTERM');
    }
    await waitUntil(process, () => Promise.resolve(false), patienceMs);
    const died = cameTo(`${crashAt}\n`);
    const stopped = isOnTheWayOut(death.point) && (await process.exited).code === 0;
    if (!process.isRunning() && !died && !stopped)
      this.strange.push(`${process.name} ended by itself: ${lastLines(process.output(), 5)}`);
    return died;
  }

  /** Stops its process in good order. */
  async stop(): Promise<void> {
    await this.#current?.process.stop();
    this.readHits();
    this.#current = null;
  }

  /** Learns where its processes have come by until now. */
  readHits(): void {
    if (!this.#current || !existsSync(this.#current.hits)) return;
    for (const name of readFileSync(this.#current.hits, 'utf8').split('\n'))
      if (/^[^ ]+$/.test(name)) this.reached.add(name);
  }

  async #replace(crashAt: string): Promise<Started> {
    this.#current?.process.signal('SIGKILL');
    await this.#current?.process.exited;
    this.readHits();
    // There is one worker, so whatever is claimed is the dead one's: we let the time pass that it had for it.
    if (this.kind === 'worker')
      await sql`update runtime.mailbox set lease_until = clock_timestamp(), wake_at = clock_timestamp()
        where in_doubt and lease_until > clock_timestamp()`.execute(this.#stage.db);
    this.#current = await this.#stage.start(this.kind, crashAt);
    return this.#current;
  }
}
