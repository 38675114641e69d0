import { type ProviderName, providers } from '../../../src/services/gateway/providers/registry.js';
import { describeProviderContract, type ProviderHarness } from './providerContract.js';
import { startStripeHarness } from './stripeHarness.js';

/** A provider in the registry without a harness here does not compile. */
const harnesses: Record<ProviderName, () => Promise<ProviderHarness>> = { stripe: startStripeHarness };

for (const name of Object.keys(providers) as ProviderName[]) describeProviderContract(name, harnesses[name]);
