import type { EventFromLogic } from 'xstate';
import { type InvoiceLine, invoiceMessages } from '../../machines/invoice/invoice.messages.js';
import { orderMessages } from '../../machines/order/order.messages.js';
import { paymentMessages } from '../../machines/payment/payment.messages.js';
import { percentOf } from '../../machines/shared/allocate.js';
import { periodOf } from '../../machines/shared/calendar.js';
import { days, later } from '../../machines/shared/instants.js';
import type { DataOf, MessageType, Received } from '../../machines/shared/message.js';
import type { Money } from '../../machines/shared/values.js';
import { type SubscriptionContext, subscribed } from '../../machines/subscription/subscription.context.js';
import { subscriptionMachine } from '../../machines/subscription/subscription.machine.js';
import { subscriptionMessages } from '../../machines/subscription/subscription.messages.js';
import type { Discount, Plan } from '../../machines/subscription/subscription.values.js';
import {
  type Access,
  type SubscriptionState,
  viewSubscription,
} from '../../machines/subscription/subscription.view.js';
import { usageMessages } from '../../machines/subscription/usage.messages.js';
import { alsoKnown, given, id, type Scene } from './given.js';

export const catalogue = {
  ...subscriptionMessages,
  ...usageMessages,
  ...invoiceMessages,
  ...paymentMessages,
  ...orderMessages,
};
type Catalogue = typeof catalogue;
type Name = keyof Catalogue & string;
export type DataFor<N extends Name> = DataOf<Catalogue[N]>;
type Event = EventFromLogic<typeof subscriptionMachine>;

alsoKnown(catalogue as Readonly<Record<string, MessageType>>);

export const START = '2026-01-31T10:00:00.000Z';
/** The instant so many days after every subscription story's beginning. */
export const day = (n: number): string => later(START, days(n));

let told = 0;
/** A message as a machine receives it, checked against its schema. */
export function telling<N extends Name>(type: N, data: DataFor<N>, at: string): Received<N, DataFor<N>> {
  catalogue[type].schema.parse(data);
  told += 1;
  return { type, data, id: id(`subscription message ${told}`), at, correlationId: id('correlation') };
}

export const usd = (amount: number): Money => ({ amount, currency: 'USD' });
export const subscriptionId = id('subscription');
export const customerId = id('customer');
const subject = { subscriptionId, customerId };

export const plan = (name: string, amount: number, change: Partial<Plan> = {}): Plan => ({
  planId: id(`plan ${name}`),
  name,
  price: usd(amount),
  billingCycle: 'monthly',
  intervalCount: 1,
  taxRegion: 'US',
  ...change,
});
export const pro = plan('Pro Monthly', 2999);
export const team = plan('Team Monthly', 5999);
export const basic = plan('Basic Monthly', 999);
export const enterprise = plan('Enterprise Annual', 49_900, { billingCycle: 'annual' });
export const daily = plan('Daily Paper', 100, { billingCycle: 'daily' });

export const visa = { type: 'card', token: 'pm_card_visa' } as const;
export const mastercard = { type: 'card', token: 'pm_card_mastercard' } as const;
export const beans = id('product beans');
export const filters = id('product filters');

export const onPlan = (of: Plan): DataFor<'SubscribeUser'>['terms'] => ({ kind: 'plan', plan: of });
export const coffee: DataFor<'SubscribeUser'>['terms'] = {
  kind: 'delivery',
  delivery: {
    items: [
      { productId: beans, quantity: 2, agreedUnitPrice: usd(2500) },
      { productId: filters, quantity: 1, agreedUnitPrice: usd(500) },
    ],
    percentOff: 10,
    currency: 'USD',
    billingCycle: 'monthly',
    intervalCount: 1,
    shippingAddress: { street: '1 Pier Road', city: 'Seattle', state: 'WA', postalCode: '98101', country: 'US' },
    shippingMethod: 'standard',
  },
};

export const subscribe = (change: Partial<DataFor<'SubscribeUser'>> = {}, at = START) =>
  telling(
    'SubscribeUser',
    {
      ...subject,
      terms: onPlan(pro),
      trialDays: 0,
      paymentMethod: visa,
      autoRenew: true,
      discount: null,
      source: 'web_checkout',
      checkout: { ipAddress: '192.0.2.1', previousOrders: 2, customerSince: day(-400) },
      ...change,
    },
    at,
  );

/** The context of a subscription in the middle of a paid period of a plan that began at `START`. */
export function running(plan: Plan, discount: Discount | null = null): SubscriptionContext {
  const period = periodOf(START, plan, 0);
  const amount = plan.price.amount - (discount ? percentOf(plan.price.amount, discount.percent) : 0);
  return {
    ...subscribed(subscribe({ terms: onPlan(plan), discount })),
    period,
    anchor: START,
    nextIndex: 1,
    coverage: { ...period, amount },
  };
}

export const cancelling = (change: Partial<DataFor<'CancelSubscription'>> = {}): DataFor<'CancelSubscription'> => ({
  subscriptionId,
  reason: 'no_longer_needed',
  note: null,
  requestedBy: 'customer',
  mode: 'period_end',
  offerDecision: null,
  accountLocked: false,
  ...change,
});

const purpose = (invoiceId: string | null, orderId: string | null) => ({
  orderId,
  subscriptionId,
  invoiceId,
  customerId,
});

export const processed = (
  paymentId: string,
  amount: Money,
  { invoiceId = null, orderId = null }: { invoiceId?: string | null; orderId?: string | null },
  at: string,
) =>
  telling(
    'PaymentProcessed',
    {
      paymentId,
      transactionId: id(`transaction ${paymentId}`),
      ...purpose(invoiceId, orderId),
      userId: customerId,
      amount,
      currency: amount.currency,
      paymentMethod: 'CreditCard',
      status: 'confirmed',
      confirmationDetails: { gatewayResponse: 'approved', transactionId: 'pi_1' },
      timestamp: at,
    },
    at,
  );

export const declined = (
  paymentId: string,
  amount: Money,
  { invoiceId = null, orderId = null }: { invoiceId?: string | null; orderId?: string | null },
  at: string,
  change: Partial<DataFor<'PaymentFailed'>> = {},
) =>
  telling(
    'PaymentFailed',
    {
      paymentId,
      ...purpose(invoiceId, orderId),
      amount,
      failureReason: 'insufficient_funds',
      failureCode: 'insufficient_funds',
      failureMessage: 'Your card has insufficient funds.',
      attemptNumber: 1,
      maxAttempts: 3,
      canRetry: false,
      methodUsable: true,
      nextRetryAt: null,
      timestamp: at,
      ...change,
    },
    at,
  );

export const dead = { failureReason: 'card_declined', failureCode: 'stolen_card', methodUsable: false } as const;

type Sent = { readonly type: string; readonly data: unknown };

/** What Billing answers to a request for an invoice, at 8 % tax. */
export function invoiced({ invoiceId, lines, customerId: customer, ...order }: DataFor<'GenerateInvoice'>, at: string) {
  const subtotal = lines.reduce((sum: number, { total }: InvoiceLine) => sum + total.amount, 0);
  const tax = Math.floor((subtotal * 8 + 50) / 100);
  return telling(
    'InvoiceGenerated',
    {
      invoiceId,
      invoiceNumber: `INV-2026-${invoiceId.slice(-5)}`,
      type: order.type,
      subscriptionId: order.subscriptionId,
      customerId: customer,
      planId: order.planId,
      invoiceDate: at,
      dueDate: order.dueDate ?? at,
      status: 'generated',
      lineItems: lines,
      subtotal: usd(subtotal),
      tax: usd(tax),
      total: usd(subtotal + tax),
      currency: order.currency,
      billingPeriod: order.billingPeriod,
    },
    at,
  );
}

/**
 * A subscription at one moment of its story. Billing answers by itself, since every invoice that is asked for is issued;
 * payments are answered by the story.
 */
export class Story {
  private constructor(
    readonly scene: Scene<typeof subscriptionMachine>,
    /** Messages sent by the last move, those after Billing's answers included. */
    readonly sent: readonly Sent[],
    readonly now: string,
    readonly ignored: readonly string[],
  ) {}

  static begin(creation = subscribe()): Story {
    const scene = given(subscriptionMachine, creation);
    return new Story(scene, scene.emitted, creation.at, []).answered();
  }

  get state(): SubscriptionState {
    return this.scene.state as SubscriptionState;
  }

  get context(): SubscriptionContext {
    return this.scene.context;
  }

  get access(): Access {
    return viewSubscription(this.state, this.context).access;
  }

  get types(): readonly string[] {
    return this.sent.map(({ type }) => type);
  }

  get timers() {
    return this.scene.timers;
  }

  all<N extends Name>(type: N): DataFor<N>[] {
    return this.sent.filter((one) => one.type === type).map(({ data }) => data as DataFor<N>);
  }

  /** The one message of this type that the last move sent. */
  one<N extends Name>(type: N): DataFor<N> {
    const [first, ...more] = this.all(type);
    if (first === undefined || more.length > 0) throw new Error(`${more.length + (first ? 1 : 0)} ${type} were sent`);
    return first;
  }

  take(event: Event): Story {
    const scene = this.scene.when(event);
    return new Story(scene, scene.emitted, (event as Received).at, scene.ignored).answered();
  }

  tell<N extends Name>(type: N, data: DataFor<N>, at = this.now): Story {
    return this.take(telling(type, data, at) as unknown as Event);
  }

  /** Fires the earliest timer on time. */
  fire(name = ''): Story {
    const due = this.scene.timers.find((timer) => timer.id.includes(name));
    const scene = this.scene.whenTimerFires(name);
    return new Story(scene, scene.emitted, due?.dueAt ?? this.now, []).answered();
  }

  /** Fires timers, as long as one is due by then; what was sent is what they sent. */
  until(instant: string, sent: readonly Sent[] = []): Story {
    const [due] = this.scene.timers;
    if (!due || Date.parse(due.dueAt) > Date.parse(instant)) return new Story(this.scene, sent, instant, []);
    const next = this.fire(due.id);
    return next.until(instant, [...sent, ...next.sent]);
  }

  pay(at = this.now): Story {
    const { paymentId, amount, invoiceId } = this.charge;
    return this.take(processed(paymentId, amount, { invoiceId }, at));
  }

  decline(change: Partial<DataFor<'PaymentFailed'>> = {}, at = this.now): Story {
    const { paymentId, amount, invoiceId } = this.charge;
    return this.take(declined(paymentId, amount, { invoiceId }, at, change));
  }

  /** The payment under way. */
  get charge(): { paymentId: string; amount: Money; invoiceId: string } {
    const owed = this.context.change?.attempt ? this.context.change : this.context.bill;
    if (!owed?.attempt || !owed.total || !owed.invoiceId) throw new Error(`Nothing is being charged in ${this.state}`);
    return { paymentId: owed.attempt.id, amount: owed.total, invoiceId: owed.invoiceId };
  }

  private answered(): Story {
    const asked = this.sent.filter(({ type }) => type === 'GenerateInvoice');
    return asked.reduce<Story>((story, { data }) => {
      const scene = story.scene.when(invoiced(data as DataFor<'GenerateInvoice'>, story.now));
      const next = new Story(scene, scene.emitted, story.now, story.ignored).answered();
      return new Story(next.scene, [...story.sent, ...next.sent], story.now, story.ignored);
    }, this);
  }
}

/** A subscription whose first period is paid: 31 January to 28 February. */
export const current = (change: Partial<DataFor<'SubscribeUser'>> = {}): Story => Story.begin(subscribe(change)).pay();

/** A subscription whose second period is due and being charged. */
export const renewing = (change: Partial<DataFor<'SubscribeUser'>> = {}): Story => {
  const story = current(change);
  return story.until(story.context.period?.end ?? '');
};

/** A subscription whose renewal was declined once. */
export const pastDue = (change: Partial<DataFor<'PaymentFailed'>> = {}): Story => renewing().decline(change);

/** A subscription whose retries were all declined. */
export const grace = (): Story => pastDue().fire().decline().fire().decline().fire().decline();

/** A subscription that was not paid in its grace period. */
export const suspended = (): Story => grace().fire('graceEnd');
