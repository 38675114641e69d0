import type { DataOf } from '../../../machines/shared/message.js';
import type { subscriptionMessages } from '../../../machines/subscription/subscription.messages.js';

type SubscribeUser = DataOf<(typeof subscriptionMessages)['SubscribeUser']>;
type Terms = SubscribeUser['terms'];

interface Offered {
  readonly percent: number;
  /** For so many invoices; null for all of them. */
  readonly times: number | null;
  readonly isFor: (terms: Terms) => boolean;
}

const isAnnual = (terms: Terms): boolean => terms.kind === 'plan' && terms.plan.billingCycle === 'annual';

/** The discount codes that a new subscription may come with (2.10). */
const codes: Readonly<Record<string, Offered>> = {
  ENTERPRISE20: { percent: 20, times: 1, isFor: isAnnual },
};

/** The discount of a code on these terms; null when there is none. */
export function discountFor(code: string, terms: Terms): SubscribeUser['discount'] {
  const name = code.trim().toUpperCase();
  const offered = Object.hasOwn(codes, name) ? codes[name] : undefined;
  if (!offered?.isFor(terms)) return null;
  return { code: name, percent: offered.percent, timesLeft: offered.times };
}
