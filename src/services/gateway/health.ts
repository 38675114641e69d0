import type { PaymentProvider } from './providers/provider.js';

export type GatewayStatus = 'UP' | 'DEGRADED' | 'DOWN';

/** How long an answer counts (ms, R-25). */
const WINDOW_MS = 300_000;
const BUCKET_MS = 10_000;
/** Shares of calls without an answer above which a provider is degraded, and down (8.8). */
const DEGRADED_ABOVE = 0.02;
const DOWN_ABOVE = 0.05;
/** Fewer calls than these prove nothing. */
const ENOUGH_CALLS = 20;
const PROBE_EVERY_MS = 30_000;

interface Tally {
  calls: number;
  errors: number;
}

/** How well one provider has answered this process lately (8.8). A declined card is an answer; only silence counts against it. */
export class ProviderHealth {
  readonly #provider: Pick<PaymentProvider, 'probe'>;
  readonly #now: () => number;
  readonly #buckets = new Map<number, Tally>();
  #probeFailed = false;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(provider: Pick<PaymentProvider, 'probe'>, now: () => number = Date.now) {
    this.#provider = provider;
    this.#now = now;
  }

  get status(): GatewayStatus {
    if (this.#probeFailed) return 'DOWN';
    const oldest = this.#bucket() - WINDOW_MS / BUCKET_MS;
    const total: Tally = { calls: 0, errors: 0 };
    for (const [bucket, { calls, errors }] of this.#buckets) {
      if (bucket <= oldest) this.#buckets.delete(bucket);
      else {
        total.calls += calls;
        total.errors += errors;
      }
    }
    if (total.calls < ENOUGH_CALLS) return 'UP';
    const share = total.errors / total.calls;
    return share > DOWN_ABOVE ? 'DOWN' : share > DEGRADED_ABOVE ? 'DEGRADED' : 'UP';
  }

  /** Passes an answer on, and remembers whether there was one. */
  async watch<T extends { readonly kind: string }>(call: Promise<T>): Promise<T> {
    try {
      const outcome = await call;
      this.#record(outcome.kind !== 'unknown');
      return outcome;
    } catch (error) {
      this.#record(false);
      throw error;
    }
  }

  /** Asks the provider whether it is there; one that answers starts with a clean record. */
  async probe(): Promise<void> {
    this.#probedAt = this.#now();
    const { healthy } = await this.#provider.probe();
    this.#probeFailed = !healthy;
    if (healthy) this.#buckets.clear();
  }

  /** Nothing is sent to a provider that is down, so only a probe can find that it is back. */
  probeNowAndThen(): void {
    if (this.#now() - this.#probedAt >= PROBE_EVERY_MS) void this.probe();
  }

  #record(answered: boolean): void {
    const bucket = this.#bucket();
    const tally = this.#buckets.get(bucket) ?? { calls: 0, errors: 0 };
    tally.calls += 1;
    if (!answered) tally.errors += 1;
    this.#buckets.set(bucket, tally);
  }

  #bucket(): number {
    return Math.floor(this.#now() / BUCKET_MS);
  }
}
