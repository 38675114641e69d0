import { FatalError } from '../../runtime/errors.js';
import { ProviderHealth } from './health.js';
import type { PaymentProvider } from './providers/provider.js';

/** A provider with what this process knows of its health. */
export interface WatchedProvider {
  readonly provider: PaymentProvider;
  readonly health: ProviderHealth;
}

export interface ProviderRoutingOptions {
  readonly providers: readonly PaymentProvider[];
  /** Name of the provider that new charges go to. */
  readonly primary: string;
  /** Name of the one that takes new charges while the primary is down, if any. */
  readonly fallback?: string | null;
  /** Milliseconds of a clock; for tests. */
  readonly now?: () => number;
}

/** Chooses the provider of new charges, and finds the one that an earlier charge went to. */
export class ProviderRouting {
  readonly #providers: ReadonlyMap<string, WatchedProvider>;
  readonly #primary: WatchedProvider;
  readonly #fallback: WatchedProvider | null;

  /** @throws FatalError when `primary` or `fallback` is not among the providers */
  constructor({ providers, primary, fallback, now }: ProviderRoutingOptions) {
    this.#providers = new Map(
      providers.map((provider) => [provider.name, { provider, health: new ProviderHealth(provider, now) }]),
    );
    this.#primary = this.named(primary);
    this.#fallback = fallback ? this.named(fallback) : null;
  }

  /** Name of the provider that a charge without a history goes to now (8.8). */
  forNewCharge(): string {
    if (this.#fallback === null || this.#primary.health.status !== 'DOWN') return this.#primary.provider.name;
    this.#primary.health.probeNowAndThen();
    return this.#fallback.health.status === 'DOWN' ? this.#primary.provider.name : this.#fallback.provider.name;
  }

  /** @throws FatalError when there is no provider of that name */
  named(name: string): WatchedProvider {
    const found = this.#providers.get(name);
    if (!found) throw new FatalError('UNKNOWN_GATEWAY', `There is no payment provider called ${name}`);
    return found;
  }
}
