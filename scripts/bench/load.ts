import { Agent, request } from 'node:http';
import type { Redis } from 'ioredis';
import { streamKey } from '../../queues/streams.js';
import type { Stage } from './stage.js';

/** One order of the load: when it was sent and when its 201 came (ms since the epoch, ms). */
export interface Sent {
  readonly orderId: string;
  readonly sentAt: number;
  readonly acceptMs: number;
}

export interface LoadResult {
  readonly sent: readonly Sent[];
  readonly failures: readonly string[];
  readonly began: number;
  readonly ended: number;
}

const completionStream = 'shipping-domain-eventbus';

/** Reads the public stream of shipments as any outside system would, and tells which orders are booked. */
export class Completions {
  readonly #reader: Redis;
  readonly #waiting = new Map<string, () => void>();
  readonly #early = new Set<string>();
  #closed = false;

  constructor(redis: Redis) {
    this.#reader = redis.duplicate();
    void this.#read();
  }

  /** Resolves once the order's shipment is booked. */
  of(orderId: string): Promise<void> {
    if (this.#early.delete(orderId)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(orderId, resolve));
  }

  close(): void {
    this.#closed = true;
    this.#reader.disconnect();
  }

  async #read(): Promise<void> {
    let last = '$';
    const key = streamKey('{flowmart}', completionStream);
    while (!this.#closed) {
      const reply = (await this.#reader
        .xread('COUNT', 1000, 'BLOCK', 1000, 'STREAMS', key, last)
        .catch(() => null)) as unknown;
      for (const [id, fields] of entriesOf(reply)) {
        last = id;
        const field = (name: string) => fields[fields.indexOf(name) + 1] as string;
        if (field('type') !== 'ShipmentCreated') continue;
        const { orderId } = JSON.parse(field('data')) as { orderId: string };
        const resolve = this.#waiting.get(orderId);
        if (!resolve) this.#early.add(orderId);
        this.#waiting.delete(orderId);
        resolve?.();
      }
    }
  }
}

/** XREAD answers a map under RESP3 and a list under RESP2. */
function entriesOf(reply: unknown): [string, string[]][] {
  if (!reply) return [];
  if (Array.isArray(reply)) return (reply[0] as [string, [string, string[]][]])[1];
  return Object.values(reply as Record<string, [string, string[]][]>)[0] ?? [];
}

/** Sends one two-line order; resolves with its 201. */
function placeOrder(stage: Stage, agent: Agent, number: number): Promise<Sent> {
  const { productIds } = stage;
  const body = JSON.stringify({
    items: [
      { productId: productIds[number % productIds.length], quantity: 1 },
      { productId: productIds[(number + 1) % productIds.length], quantity: 2 },
    ],
    currency: 'USD',
    shippingAddress: { street: '1 Main Street', city: 'Springfield', state: 'IL', postalCode: '62701', country: 'US' },
    payment: { method: { type: 'card', token: 'pm_card_visa' } },
  });
  const sentAt = Date.now();
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request(`${stage.url}/v1/orders`, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 201) return reject(new Error(`${response.statusCode} ${text.slice(0, 200)}`));
        const { id } = JSON.parse(text) as { id: string };
        resolve({ orderId: id, sentAt, acceptMs: performance.now() - began });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** Keeps `inFlight` orders between POST and booked shipment for `seconds`. */
export async function closedLoop(
  stage: Stage,
  completions: Completions,
  inFlight: number,
  seconds: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const sent: Sent[] = [];
  const failures: string[] = [];
  const began = Date.now();
  const until = began + seconds * 1000;
  let number = 0;
  const customer = async () => {
    while (Date.now() < until) {
      try {
        const order = await placeOrder(stage, agent, number++);
        await completions.of(order.orderId);
        sent.push(order);
      } catch (error) {
        failures.push((error as Error).message);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, customer));
  agent.destroy();
  return { sent, failures, began, ended: Date.now() };
}

/** Sends orders at a fixed rate for `seconds`, whatever comes back, then waits until all are booked. */
export async function openLoop(
  stage: Stage,
  completions: Completions,
  ordersPerSecond: number,
  seconds: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1000 });
  const sent: Sent[] = [];
  const failures: string[] = [];
  const began = Date.now();
  const pending: Promise<void>[] = [];
  for (let number = 0; number < ordersPerSecond * seconds; number++) {
    const due = began + (number * 1000) / ordersPerSecond;
    if (due > Date.now()) await new Promise((resolve) => setTimeout(resolve, due - Date.now()));
    pending.push(
      placeOrder(stage, agent, number)
        // Late because the generator or the server was busy: the customer waited since `due` all the same.
        .then(async (order) => {
          sent.push({ ...order, sentAt: due, acceptMs: order.acceptMs + Math.max(0, order.sentAt - due) });
          await completions.of(order.orderId);
        })
        .catch((error: Error) => {
          failures.push(error.message);
        }),
    );
  }
  await Promise.all(pending);
  agent.destroy();
  return { sent, failures, began, ended: Date.now() };
}
