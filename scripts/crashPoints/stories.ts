import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupBy } from '../../src/runtime/groupBy.js';
import type { AcknowledgedFile } from '../chaos/acknowledged.js';
import { Client } from '../chaos/client.js';
import { sendOrders } from '../chaos/customers.js';
import { planOrders } from '../chaos/orders.js';
import { rareStories } from './rareStories.js';
import type { Stage } from './stage.js';

/** From one story to the next (ms), and how many are told at once. */
const pauseMs = 200;
const atOnce = 30;

/** What stories are told with. */
export interface Telling {
  readonly stage: Stage;
  readonly client: Client;
  readonly acknowledged: AcknowledgedFile;
  readonly signal: AbortSignal;
}

/** Keeps everything busy that FlowMart can do: orders of every fate, and what only people or other programs cause. */
export class Stories {
  readonly #telling: Telling;
  /** Why stories could not be told to their end. */
  readonly failures: string[] = [];
  readonly #told = new Set<Promise<void>>();
  #teller: Promise<void> = Promise.resolve();
  #over = false;

  constructor(stage: Stage, acknowledged: AcknowledgedFile, signal: AbortSignal) {
    // All stories wait with it.
    setMaxListeners(0, signal);
    this.#telling = { stage, acknowledged, signal, client: new Client([stage.webUrl], signal) };
  }

  begin(): void {
    this.#teller = this.#tellAll();
  }

  /** Begins no more stories; resolves once all are at their end. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#teller;
    await Promise.all(this.#told);
  }

  async #tellAll(): Promise<void> {
    const stories = [...this.#orders(), ...rareStories(this.#telling)];
    for (let next = 0; !this.#over; next = (next + 1) % stories.length) {
      await sleep(pauseMs);
      if (this.#told.size >= atOnce) continue;
      const told = (stories[next] as () => Promise<void>)()
        .catch((error: Error) => void this.failures.push(String(error.stack)))
        .finally(() => this.#told.delete(told));
      this.#told.add(told);
    }
  }

  /** One order of each fate, another one each time. */
  #orders(): (() => Promise<void>)[] {
    const { client, acknowledged, signal } = this.#telling;
    const customers = { client, acknowledged, signal, keyPrefix: 'story' };
    const byFate = groupBy(planOrders(1, 20_000, 0), ({ journey }) => journey);
    return [...byFate.values()].map((orders) => async () => {
      const order = orders.shift();
      if (order) await sendOrders(customers, [order]);
    });
  }
}
