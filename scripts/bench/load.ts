import { Agent, request } from 'node:http';
import type { Redis } from 'ioredis';
import { defaultPrefix } from '../../queues/connection.js';
import { attributesOf, streamKey } from '../../queues/streams.js';
import type { Stage } from './stage.js';

/** One order of the load: when it was sent (ms since the epoch), and how long its 201 took (ms). */
export interface Sent {
  readonly orderId: string;
  readonly sentAt: number;
  readonly acceptMs: number;
}

/** When the outside heard of an order's milestones, ms since the epoch. */
export interface Heard {
  readonly initiated?: number;
  readonly paid?: number;
  readonly booked?: number;
}

/** An order that is booked. */
export type Completed = Sent & { readonly heard: Heard };

export interface LoadResult {
  readonly sent: readonly Completed[];
  readonly failures: readonly string[];
  readonly began: number;
  readonly ended: number;
}

/** The public events that are an order's milestones, by their channel. */
const milestones: Readonly<Record<string, Readonly<Record<string, keyof Heard>>>> = {
  'payment-domain-eventbus': { PaymentInitiated: 'initiated', PaymentProcessed: 'paid' },
  'shipping-domain-eventbus': { ShipmentCreated: 'booked' },
};

/** Reads the public streams as any outside system would, and tells when orders are paid and booked. */
export class Completions {
  readonly #reader: Redis;
  readonly #waiting = new Map<string, (heard: Heard) => void>();
  readonly #heard = new Map<string, Heard>();
  #closed = false;

  constructor(redis: Redis) {
    this.#reader = redis.duplicate();
    void this.#read();
  }

  /** Resolves once the order's shipment is booked, with the instants of its milestones. */
  of(orderId: string): Promise<Heard> {
    const heard = this.#heard.get(orderId);
    if (!heard || !isComplete(heard)) return new Promise((resolve) => this.#waiting.set(orderId, resolve));
    this.#heard.delete(orderId);
    return Promise.resolve(heard);
  }

  close(): void {
    this.#closed = true;
    this.#reader.disconnect();
  }

  async #read(): Promise<void> {
    const last = new Map(Object.keys(milestones).map((channel) => [channel, '0-0']));
    while (!this.#closed) {
      const keys = [...last.keys()].map((channel) => streamKey(defaultPrefix, channel));
      const reply = (await this.#reader
        .xread('COUNT', 1000, 'BLOCK', 1000, 'STREAMS', ...keys, ...last.values())
        .catch(() => null)) as unknown;
      const now = Date.now();
      for (const [key, entries] of streamsOf(reply)) {
        const channel = key.slice(streamKey(defaultPrefix, '').length);
        for (const [id, fields] of entries) {
          last.set(channel, id);
          const milestone = milestones[channel]?.[fields[fields.indexOf('type') + 1] as string];
          if (milestone) this.#hear((attributesOf(fields).data as { orderId: string }).orderId, milestone, now);
        }
      }
    }
  }

  #hear(orderId: string, milestone: keyof Heard, now: number): void {
    const heard = { ...this.#heard.get(orderId), [milestone]: now };
    this.#heard.set(orderId, heard);
    if (!isComplete(heard)) return;
    const resolve = this.#waiting.get(orderId);
    if (!resolve) return;
    this.#waiting.delete(orderId);
    this.#heard.delete(orderId);
    resolve(heard);
  }
}

/** The channels are read side by side, so a shipment may be heard of before the payment that it followed. */
const isComplete = ({ initiated, paid, booked }: Heard): boolean =>
  initiated !== undefined && paid !== undefined && booked !== undefined;

type Streams = readonly (readonly [string, readonly (readonly [string, readonly string[]])[]])[];

/** XREAD answers a map under RESP3 and a list under RESP2. */
function streamsOf(reply: unknown): Streams {
  if (!reply) return [];
  return (Array.isArray(reply) ? reply : Object.entries(reply)) as Streams;
}

/** Sends one two-line order; resolves with its 201. */
function placeOrder(stage: Stage, agent: Agent, number: number): Promise<Sent> {
  const { productIds } = stage;
  const customerId = stage.nextCustomer();
  const body = JSON.stringify({
    ...(customerId === null ? {} : { customerId }),
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

/** Keeps `inFlight` orders between POST and booked shipment, for so many seconds or orders. */
export async function closedLoop(
  stage: Stage,
  completions: Completions,
  inFlight: number,
  until: { readonly seconds: number } | { readonly orders: number },
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const sent: Completed[] = [];
  const failures: string[] = [];
  const began = Date.now();
  let number = 0;
  const goesOn = () => ('seconds' in until ? Date.now() < began + until.seconds * 1000 : number < until.orders);
  const customer = async () => {
    while (goesOn()) {
      try {
        const order = await placeOrder(stage, agent, number++);
        sent.push({ ...order, heard: await completions.of(order.orderId) });
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
  const sent: Completed[] = [];
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
          const acceptMs = order.acceptMs + Math.max(0, order.sentAt - due);
          sent.push({ ...order, sentAt: due, acceptMs, heard: await completions.of(order.orderId) });
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
