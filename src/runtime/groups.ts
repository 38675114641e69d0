import { setTimeout as sleep } from 'node:timers/promises';

/** Settles one item of a group. */
interface Waiting<T, R> {
  readonly item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Group commit: whatever arrives while a group is being worked on forms the next group. A lone item is worked on at once, and groups
 * grow by themselves under load; where a group costs much however little it holds, groups can be kept some time apart.
 */
export class Groups<T, R> {
  /** Those that go before the others, and the others. */
  readonly #ahead: Waiting<T, R>[] = [];
  readonly #waiting: Waiting<T, R>[] = [];
  readonly #work: (items: readonly T[]) => Promise<readonly (R | Error)[]>;
  readonly #max: number;
  readonly #everyMs: number;
  #beganAt = Number.NEGATIVE_INFINITY;
  #isRunning = false;
  #idle: (() => void)[] = [];

  /**
   * @param options.work does a group; answers for each item its result, or the Error that it alone meets; a rejection meets all
   * @param options.max items in a group at most
   * @param options.everyMs a group begins no sooner than so many ms after the one before it
   */
  constructor(options: {
    work: (items: readonly T[]) => Promise<readonly (R | Error)[]>;
    max: number;
    everyMs?: number;
  }) {
    this.#work = options.work;
    this.#max = options.max;
    this.#everyMs = options.everyMs ?? 0;
  }

  /** Items that wait or are being worked on by no group yet. */
  get waiting(): number {
    return this.#ahead.length + this.#waiting.length;
  }

  /**
   * Adds an item to the next group that has room; resolves when that group is done.
   * @param ahead whether it goes before whatever waits already
   */
  submit(item: T, ahead = false): Promise<R> {
    return new Promise((resolve, reject) => {
      (ahead ? this.#ahead : this.#waiting).push({ item, resolve, reject });
      // A microtask's grace: items submitted in the same tick belong together.
      if (!this.#isRunning) queueMicrotask(() => this.#start());
    });
  }

  /** Resolves once nothing waits and nothing is being worked on. */
  idle(): Promise<void> {
    if (!this.#isRunning && this.waiting === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    if (this.#isRunning || this.waiting === 0) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.waiting > 0) {
      await this.#rest();
      const group = this.#ahead.splice(0, this.#max);
      group.push(...this.#waiting.splice(0, this.#max - group.length));
      try {
        const results = await this.#work(group.map((waiting) => waiting.item));
        for (const [index, waiting] of group.entries()) {
          const result = results[index] as R | Error;
          if (result instanceof Error) waiting.reject(result);
          else waiting.resolve(result);
        }
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    this.#isRunning = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #rest(): Promise<void> {
    if (this.#everyMs === 0) return;
    const restMs = this.#beganAt + this.#everyMs - performance.now();
    if (restMs > 0) await sleep(restMs);
    this.#beganAt = performance.now();
  }
}
