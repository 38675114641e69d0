import { step } from '../progress.mjs';
import { lastLines, type ManagedProcess } from './managedProcess.js';
import { UserError } from './userError.js';

/** Ctrl-C, or a signal that means the same: what has been started shall stop now. */
export class Interrupted extends Error {}

/** How long a process may take to stop before it is killed: its own limit (20 s) and a little. */
const graceMs = 23_000;

/** What npm start has running, in the order in which it was started. */
export class Running {
  readonly #groups: ManagedProcess[][] = [];
  readonly #steps = new Set<Promise<unknown>>();
  readonly #trouble: Promise<never>;
  #reject: (reason: Error) => void = () => {};
  readonly #abort = new AbortController();
  #stopping = false;
  #interruptedAt: number | undefined;

  constructor() {
    this.#trouble = new Promise((_, reject) => {
      this.#reject = (reason) => {
        reject(reason);
        this.#abort.abort();
      };
    });
    this.#trouble.catch(() => {});
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.#interrupt());
  }

  /** Aborted once we are interrupted or a process has died: nobody waits for the start any longer. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Runs one step of the start; gives up waiting for it when we are interrupted or a process dies. */
  async step<T>(title: string, work: () => Promise<T>, describe?: (result: T) => string): Promise<T> {
    return step(
      title,
      () => {
        const working = work();
        this.#steps.add(working);
        working.finally(() => this.#steps.delete(working)).catch(() => {});
        return Promise.race([working, this.#trouble]);
      },
      describe,
    );
  }

  /** Adds processes that stop together at the end; should one end before, everything stops. */
  watch(...processes: ManagedProcess[]): void {
    this.#groups.push(processes);
    for (const one of processes) one.exited.then(({ code, signal }) => this.#ended(one, signal ?? `exit code ${code}`));
  }

  /** Waits until we are interrupted (throws Interrupted) or a process dies (throws what is to be said about it). */
  untilTrouble(): Promise<never> {
    return this.#trouble;
  }

  /** Stops everything, last started first: web and worker drain while what they need is still there. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#steps);
    for (const group of this.#groups.reverse()) {
      const names = group.map((one) => one.name).join(' and ');
      await step(`Stopping ${names}`, () => Promise.all(group.map((one) => one.stop(graceMs))));
    }
    this.#groups.length = 0;
  }

  #ended(one: ManagedProcess, how: string): void {
    if (this.#stopping) return;
    const last = lastLines(one.output()) || '(it is empty)';
    this.#reject(
      new UserError(`${one.name} ended unexpectedly (${how}). The end of its log, ${one.logFile}:\n${last}`),
    );
  }

  #interrupt(): void {
    // One Ctrl-C may arrive twice, from the terminal and through npm; a person's second one comes later.
    const now = Date.now();
    if (this.#interruptedAt === undefined) {
      this.#interruptedAt = now;
      process.stdout.write('\n');
      this.#reject(new Interrupted('interrupted'));
    } else if (now - this.#interruptedAt > 1000) {
      process.stdout.write('\n  Already stopping: the work under way gets up to 20 seconds to finish.\n');
    }
  }
}
