import { readClocks } from './clockTime.js';
import type { Envelope } from './envelope.js';
import { FatalError } from './errors.js';
import type { Trx } from './ports.js';

/** What time it is in one drain: by the database's clock, which is read once, and by the test clocks that are met in it. */
export class DrainClocks {
  readonly #trx: Trx;
  readonly #clocks = new Map<string, string>();
  /** The database's time, UTC ISO 8601. */
  now = '';

  constructor(trx: Trx) {
    this.#trx = trx;
  }

  /** Reads what time it is on the clocks that these live by, as far as they were not met before. */
  async meet(those: Iterable<{ readonly clockId: string | null }>): Promise<void> {
    const ids = new Set<string>();
    for (const { clockId } of those) if (clockId !== null && !this.#clocks.has(clockId)) ids.add(clockId);
    for (const [id, now] of await readClocks(this.#trx, [...ids])) this.#clocks.set(id, now);
  }

  /**
   * What time it is for a message.
   * @throws {FatalError} UNKNOWN_CLOCK when its clock is gone
   */
  at({ clockId }: Envelope): string {
    const at = clockId === null ? this.now : this.#clocks.get(clockId);
    if (at === undefined) throw new FatalError('UNKNOWN_CLOCK', `there is no clock ${clockId}`);
    return at;
  }
}
