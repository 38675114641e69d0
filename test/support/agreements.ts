import type { StripeSandbox } from '../../scripts/stripeSandbox/server.js';
import { sandboxStripeKey } from '../../src/config.js';

/** Makes a Stripe subscription that names one of ours, as somebody at Stripe might have; answers its id. */
export async function agreeAtStripe({ url }: Pick<StripeSandbox, 'url'>, subscriptionId: string): Promise<string> {
  const post = async (path: string, form: Record<string, string>): Promise<string> => {
    const headers = { authorization: `Bearer ${sandboxStripeKey}` };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
    return ((await response.json()) as { id: string }).id;
  };
  const customer = await post('/v1/customers', {});
  return post('/v1/subscriptions', { customer, 'metadata[subscriptionId]': subscriptionId });
}

/** What was written down of the agreements of a subscription, oldest first: `active`, `active, ending` or `canceled`. */
export const agreementsAtStripe = (sandbox: Pick<StripeSandbox, 'ledger'>, subscriptionId: string): string[] =>
  sandbox
    .ledger()
    .flatMap((entry) => ('agreement' in entry && entry.agreement ? [entry.agreement] : []))
    .filter(({ metadata }) => metadata.subscriptionId === subscriptionId)
    .map(({ status, cancelAtPeriodEnd }) => `${status}${cancelAtPeriodEnd ? ', ending' : ''}`);
