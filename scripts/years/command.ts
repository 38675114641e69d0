import type { MessageData, MessageName } from '../../machines/index.js';
import type { Card, Deed, Wish } from './expected.js';
import type { Life } from './lives.js';
import type { MenuPlan } from './menu.js';

/** A command of FlowMart’s, whole. */
export type Command = { [N in MessageName]: { readonly type: N; readonly data: MessageData<N> } }[MessageName];

const tokens: Readonly<Record<Card, string>> = {
  good: 'pm_card_visa',
  empty: 'pm_card_chargeDeclinedInsufficientFunds',
  stolen: 'pm_card_chargeDeclinedStolenCard',
};

const methodOf = (card: Card) => ({ type: 'card' as const, token: tokens[card] });

export const iso = (ms: number): string => new Date(ms).toISOString();

/** A plan as a subscription takes it. */
const taken = ({ planId, name, price, billingCycle, intervalCount, taxRegion }: MenuPlan) => ({
  planId,
  name,
  price,
  billingCycle,
  intervalCount,
  taxRegion,
});

function termsOf(wish: Wish): MessageData<'SubscribeUser'>['terms'] {
  if (wish.kind === 'plan') return { kind: 'plan', plan: taken(wish.plan) };
  const { items, percentOff, billingCycle, intervalCount, state } = wish.delivery;
  return {
    kind: 'delivery',
    delivery: {
      items: items.map(({ productId, quantity, amount }) => ({
        productId,
        quantity,
        agreedUnitPrice: { amount, currency: 'USD' },
      })),
      percentOff,
      currency: 'USD',
      billingCycle,
      intervalCount,
      shippingAddress: { street: '42 Marzipan Mews', city: 'Springfield', state, postalCode: '97209', country: 'US' },
      shippingMethod: 'standard',
    },
  };
}

/** A plan that is put on the menu. */
export const creationOf = (plan: MenuPlan): Command => ({ type: 'CreatePlan', data: { ...taken(plan), trialDays: 0 } });

/** The customer of a life, who lives by its clock. */
export const registrationOf = ({ customerId, clockId }: Pick<Life, 'customerId' | 'clockId'>): Command => ({
  type: 'RegisterCustomer',
  data: {
    customerId,
    clockId,
    firstName: 'Zenobia',
    lastName: 'Quill',
    email: `${customerId}@quillfeather.example`,
  },
});

type Beginning = Pick<Life, 'subscriptionId' | 'customerId' | 'wish' | 'trialDays' | 'startAt'>;

/** How a life begins. */
export const subscriptionOf = ({ subscriptionId, customerId, wish, trialDays, startAt }: Beginning): Command => ({
  type: 'SubscribeUser',
  data: {
    subscriptionId,
    customerId,
    terms: termsOf(wish),
    trialDays,
    paymentMethod: methodOf('good'),
    autoRenew: true,
    discount: null,
    source: 'simulation',
    checkout: { deviceId: subscriptionId, previousOrders: 2, customerSince: iso(startAt - 100 * 86_400_000) },
  },
});

/** What a deed asks of a subscription; `invoiceId` is the open invoice’s. Null for what its bank does. */
export function commandOf(deed: Deed, subscriptionId: string, invoiceId: string | null): Command | null {
  const data = { subscriptionId };
  switch (deed.do) {
    case 'pay with':
      return { type: 'ChangeSubscriptionPaymentMethod', data: { ...data, paymentMethod: methodOf(deed.card) } };
    case 'pause':
      return { type: 'PauseSubscription', data: { ...data, until: iso(deed.until) } };
    case 'resume':
      return { type: 'ResumeSubscription', data };
    case 'change plan':
      return { type: 'ChangePlan', data: { ...data, plan: taken(deed.plan), prorationAt: null } };
    case 'cancel':
      return {
        type: 'CancelSubscription',
        data: {
          ...data,
          reason: deed.reason,
          note: null,
          requestedBy: 'customer',
          mode: deed.mode,
          offerDecision: deed.declines ? 'decline' : null,
          accountLocked: false,
        },
      };
    case 'accept':
      return { type: 'AcceptOffer', data: { ...data, choice: deed.choice } };
    case 'decline':
      return { type: 'DeclineOffer', data };
    case 'reactivate':
      return { type: 'ReactivateSubscription', data };
    case 'begin anew':
      return { type: 'RenewSubscription', data: { ...data, terms: null, paymentMethod: methodOf('good') } };
    case 'renew by itself':
      return { type: 'ChangeAutoRenewal', data: { ...data, autoRenew: deed.autoRenew } };
    case 'skip delivery':
      return { type: 'SkipDelivery', data };
    case 'move delivery':
      return { type: 'MoveDelivery', data: { ...data, deliverAt: iso(deed.to) } };
    case 'retry':
      return invoiceId === null ? null : { type: 'RetryInvoice', data: { ...data, invoiceId } };
    case 'run dry':
      return null;
  }
}
