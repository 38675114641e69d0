import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { WebhookEvent } from './webhookEvents.js';

export interface WebhookEndpoint {
  url: string;
  /** Signing secret, `whsec_…`. */
  secret: string;
}

interface Delivery {
  event: WebhookEvent;
  attempts: number;
}

const maxPending = 20_000;
const maxConcurrent = 32;
const maxAttempts = 20;
const maxBackoffMs = 60_000;
const answerTimeoutMs = 10_000;

/** Stripe's signature header for a payload, at an instant in seconds. */
export function signatureHeader(payload: string, secret: string, timestamp = Math.floor(Date.now() / 1000)): string {
  const signature = createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex');
  return `t=${timestamp},v1=${signature}`;
}

/** Delivers signed events to one endpoint; while it fails, again and again with growing pauses. */
export class WebhookSender {
  endpoint: WebhookEndpoint | null;
  delivered = 0;
  failedAttempts = 0;
  givenUp = 0;
  readonly #firstBackoffMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: maxConcurrent });
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #settledWaiters: (() => void)[] = [];
  #queue: Delivery[] = [];
  #head = 0;
  #active = 0;
  #prepared = 0;

  constructor(endpoint: WebhookEndpoint | null, firstBackoffMs: number) {
    this.endpoint = endpoint;
    this.#firstBackoffMs = firstBackoffMs;
  }

  /** Events not yet delivered nor given up, prepared ones and waiting pauses included. */
  get pending(): number {
    return this.#queue.length - this.#head + this.#active + this.#timers.size + this.#prepared;
  }

  /** Counts events as pending, and returns what queues them, each `copies` times. Beyond 20,000, new ones are given up. */
  prepare(events: readonly WebhookEvent[], copies: number, delayMs: number): () => void {
    if (!this.endpoint) return () => undefined;
    const room = this.pending < maxPending;
    const deliveries = events.flatMap((event) => Array.from({ length: copies }, () => ({ event, attempts: 0 })));
    if (!room) {
      this.givenUp += deliveries.length;
      return () => undefined;
    }
    this.#prepared += deliveries.length;
    return () => {
      this.#prepared -= deliveries.length;
      for (const delivery of deliveries) this.#schedule(delivery, delayMs);
    };
  }

  /** Resolves when nothing is pending. */
  settled(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settledWaiters.push(resolve));
  }

  /** Delivers an event now and returns when the endpoint has answered; a failed delivery is queued like any other. */
  async deliverNow(event: WebhookEvent): Promise<void> {
    if (this.endpoint) await this.#attempt({ event, attempts: 0 });
  }

  /** Forgets everything that waits. */
  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#queue = [];
    this.#head = 0;
    this.delivered = 0;
    this.failedAttempts = 0;
    this.givenUp = 0;
    this.#tellSettled();
  }

  close(): void {
    this.clear();
    this.endpoint = null;
    this.#agent.destroy();
  }

  #schedule(delivery: Delivery, delayMs: number): void {
    if (delayMs <= 0) {
      this.#queue.push(delivery);
      setImmediate(() => this.#pump());
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#queue.push(delivery);
      this.#pump();
    }, delayMs);
    this.#timers.add(timer);
  }

  #pump(): void {
    while (this.#active < maxConcurrent && this.#head < this.#queue.length) {
      const delivery = this.#queue[this.#head];
      this.#head += 1;
      if (this.#head > 1000 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      if (delivery) void this.#attempt(delivery).then(() => this.#pump());
    }
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { endpoint } = this;
    if (!endpoint) return;
    this.#active += 1;
    const accepted = await this.#post(endpoint, delivery.event.payload);
    this.#active -= 1;
    if (accepted) this.delivered += 1;
    else this.#retryLater(delivery);
    this.#tellSettled();
  }

  #retryLater(delivery: Delivery): void {
    this.failedAttempts += 1;
    if (!this.endpoint) return;
    delivery.attempts += 1;
    if (delivery.attempts >= maxAttempts) this.givenUp += 1;
    else this.#schedule(delivery, Math.min(this.#firstBackoffMs * 2 ** (delivery.attempts - 1), maxBackoffMs));
  }

  #tellSettled(): void {
    if (this.pending === 0) for (const tell of this.#settledWaiters.splice(0)) tell();
  }

  #post(endpoint: WebhookEndpoint, payload: string): Promise<boolean> {
    return new Promise((resolve) => {
      const body = Buffer.from(payload);
      const call = request(
        endpoint.url,
        {
          method: 'POST',
          agent: this.#agent,
          timeout: answerTimeoutMs,
          headers: {
            'Content-Type': 'application/json; charset=utf-8',
            'Content-Length': body.length,
            'Stripe-Signature': signatureHeader(payload, endpoint.secret),
            'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          },
        },
        (answer) => {
          const status = answer.statusCode ?? 500;
          answer.resume();
          answer.on('error', () => resolve(false));
          answer.on('close', () => resolve(answer.complete && status >= 200 && status < 300));
        },
      );
      call.on('timeout', () => call.destroy());
      call.on('error', () => resolve(false));
      call.end(body);
    });
  }
}
