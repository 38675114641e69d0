import type { PaymentProvider } from './provider.js';
import { createStripeProvider } from './stripe.js';

/** What a provider may be built from; each takes what it knows. */
export interface ProviderSettings {
  apiKey: string;
  webhookSecret: string;
  /** Where the provider's API is, when it is not at its own address. */
  apiBase?: string;
  /** How long a call may take, milliseconds. */
  timeoutMs?: number;
}

/** Every payment provider by name. The contract test runs over each of them. */
export const providers = {
  stripe: createStripeProvider,
} satisfies Record<string, (settings: ProviderSettings) => PaymentProvider>;

export type ProviderName = keyof typeof providers;
