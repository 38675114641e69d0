import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';

/** What FlowMart answered for good: it is done, or it is refused. */
export interface Reply<B> {
  readonly status: number;
  readonly body: B;
}

const timeoutMs = 8_000;
const pauseMs = 300;
/** Requests under way at once; of thousands this process would be busy with itself. Others wait, as they would for a connection. */
const mostAtOnce = 500;

/** Whether the same request may get another answer later. */
const isForNow = (status: number, code: string | undefined): boolean =>
  status >= 500 || status === 429 || code === 'IDEMPOTENCY_IN_FLIGHT';

/** A customer's side of HTTP: asks again, at the other web, until there is an answer for good. */
export class Client {
  readonly #urls: readonly string[];
  readonly #signal: AbortSignal;
  readonly #limit = pLimit(mostAtOnce);

  constructor(urls: readonly string[], signal: AbortSignal) {
    this.#urls = urls;
    this.#signal = signal;
  }

  /**
   * Sends a request until it is answered for good.
   * @param key its Idempotency-Key: the same for every try
   * @throws AbortError once the run is given up
   */
  async send<B>(method: string, path: string, body?: unknown, key?: string): Promise<Reply<B>> {
    for (let attempt = Math.floor(Math.random() * this.#urls.length); ; attempt++) {
      const reply = await this.#limit(() =>
        this.#try<B & { code?: string }>(attempt, method, path, body, key).catch(() => null),
      );
      this.#signal.throwIfAborted();
      if (reply && !isForNow(reply.status, reply.body.code)) return reply;
      await sleep(pauseMs, undefined, { signal: this.#signal });
    }
  }

  async #try<B>(attempt: number, method: string, path: string, body: unknown, key?: string): Promise<Reply<B>> {
    const response = await fetch(`${this.#urls[attempt % this.#urls.length]}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)]),
    });
    return { status: response.status, body: (await response.json()) as B };
  }
}
