import type { invoiceMessages } from '../invoice/invoice.messages.js';
import type { orderMessages } from '../order/order.messages.js';
import type { paymentMessages } from '../payment/payment.messages.js';
import type { Cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import type { OutgoingOf } from '../shared/message.js';
import type { Money, PaymentMethod } from '../shared/values.js';
import { inCurrency } from './subscription.billing.js';
import {
  type Attempt,
  type Bill,
  type Cancellation,
  cadenceOf,
  deliveryOf,
  type PlanChange,
  planOf,
  type SubscriptionContext,
} from './subscription.context.js';
import type { subscriptionMessages } from './subscription.messages.js';
import { type Composed, durationDays, nextRetryAt } from './subscription.rules.js';
import type { Plan } from './subscription.values.js';
import type { usageMessages } from './usage.messages.js';

/** Everything that a subscription may send. */
export type SubscriptionOutgoing = OutgoingOf<
  typeof subscriptionMessages &
    Pick<typeof usageMessages, 'AnalyseUsage'> &
    Pick<typeof invoiceMessages, 'GenerateInvoice' | 'CancelInvoice'> &
    Pick<typeof paymentMessages, 'OpenPayment' | 'RetryPayment' | 'CancelPayment' | 'RefundPayment'> &
    Pick<typeof orderMessages, 'CancelOrder' | 'ChangePaymentMethod'>
>;
type Out<N extends SubscriptionOutgoing['type']> = Extract<SubscriptionOutgoing, { type: N }>;

/** Whom the messages of a subscription are about. */
export const subject = ({ subscriptionId, customerId }: SubscriptionContext) => ({ subscriptionId, customerId });

const person = (context: SubscriptionContext) => ({ ...subject(context), userId: context.customerId });

const summaryOf = ({ planId, name, billingCycle, intervalCount, price }: Plan) => ({
  planId,
  name,
  billingCycle,
  intervalCount,
  price,
});

/** A subscription’s plan as others see it; a delivery has a name and a rhythm, and the price of the day. */
export function planSummary(context: Pick<SubscriptionContext, 'terms'>) {
  const plan = planOf(context);
  if (plan) return summaryOf(plan);
  const { billingCycle, intervalCount } = cadenceOf(context.terms);
  return { planId: null, name: 'Subscribe & Save', billingCycle, intervalCount, price: null };
}

export const generateInvoice = (
  context: SubscriptionContext,
  { terms, invoiceId, lines, period }: Pick<Bill, 'terms' | 'invoiceId' | 'lines' | 'period'>,
): Out<'GenerateInvoice'> => {
  if (terms.kind !== 'plan' || invoiceId === null) throw new Error(`${context.subscriptionId} has no invoices`);
  const { planId, price, taxRegion } = terms.plan;
  return {
    type: 'GenerateInvoice',
    data: {
      invoiceId,
      type: 'subscription',
      ...subject(context),
      planId,
      currency: price.currency,
      lines: [...lines],
      taxRegion,
      billingPeriod: period,
      dueDate: period.start,
    },
  };
};

/** The invoice of a proration: over the time from the change to the end of the period. */
export const generateChangeInvoice = (context: SubscriptionContext, change: PlanChange): Out<'GenerateInvoice'> =>
  generateInvoice(context, {
    terms: { kind: 'plan', plan: change.plan },
    invoiceId: change.invoiceId,
    lines: change.lines,
    period: { start: change.at, end: change.period.end },
  });

/** Opens the payment of an invoice; renewals leave their retries to dunning (P-12). */
export const openPayment = (
  context: SubscriptionContext,
  charge: { invoiceId: string; total: Money; paymentId: string; method: PaymentMethod; isFirst: boolean },
): Out<'OpenPayment'> => ({
  type: 'OpenPayment',
  data: {
    paymentId: charge.paymentId,
    orderId: null,
    subscriptionId: context.subscriptionId,
    invoiceId: charge.invoiceId,
    customerId: context.customerId,
    amount: charge.total,
    paymentMethod: charge.method,
    profile: charge.isFirst ? 'firstSubscription' : 'renewal',
    risk: { ...context.checkout, shippingAddress: null, billingAddress: null },
    captureImmediately: true,
  },
});

/**
 * @throws when the bill has no invoice: a defect of the chart
 */
export function paymentDue(
  context: SubscriptionContext,
  bill: Bill,
  retryAttempt: number,
): Out<'SubscriptionPaymentDue'> {
  const { invoiceId, total, terms, period } = bill;
  if (invoiceId === null || total === null || terms.kind !== 'plan')
    throw new Error('Nothing is due without an invoice');
  return {
    type: 'SubscriptionPaymentDue',
    data: {
      ...person(context),
      invoiceId,
      amount: total,
      currency: total.currency,
      dueDate: period.start,
      billingPeriod: period,
      planId: terms.plan.planId,
      retryAttempt,
    },
  };
}

export const quoteDelivery = (context: SubscriptionContext, orderId: string): Out<'QuoteDelivery'> => {
  const { items = [], currency = '' } = deliveryOf(context) ?? {};
  return {
    type: 'QuoteDelivery',
    data: {
      subscriptionId: context.subscriptionId,
      orderId,
      currency,
      items: items.map(({ productId, quantity }) => ({ productId, quantity })),
    },
  };
};

/**
 * @throws when there is no delivery or no method: a defect of the chart
 */
export function placeOrder(
  context: SubscriptionContext,
  { id: orderId }: Attempt,
  { items, subtotal, discount }: Composed,
): Out<'PlaceSubscriptionOrder'> {
  const delivery = deliveryOf(context);
  const { paymentMethod, checkout } = context;
  if (delivery === null || paymentMethod === null) throw new Error(`${context.subscriptionId} cannot order`);
  return {
    type: 'PlaceSubscriptionOrder',
    data: {
      ...subject(context),
      orderId,
      items: [...items],
      subtotal: inCurrency(context, subtotal),
      discount: inCurrency(context, discount),
      shippingAddress: delivery.shippingAddress,
      shippingMethod: delivery.shippingMethod,
      paymentMethod,
      checkout,
    },
  };
}

export const started = (context: SubscriptionContext, at: string): Out<'UserSubscriptionStarted'> => ({
  type: 'UserSubscriptionStarted',
  data: {
    ...person(context),
    plan: planSummary(context),
    trialPeriodDays: context.onTrial ? context.trialDays : 0,
    startDate: context.period?.start ?? at,
    nextBillingDate: context.period?.end ?? at,
    paymentMethodType: context.paymentMethod?.type ?? null,
    source: context.source,
    discountCode: context.discount?.code ?? null,
  },
});

export function cancelled(
  context: SubscriptionContext,
  { reason, note, requestedBy }: Pick<Cancellation, 'reason' | 'note' | 'requestedBy'>,
  effectiveDate: string,
): Out<'UserSubscriptionCancelled'> {
  const { planId, name } = planSummary(context);
  const { dunning } = context;
  return {
    type: 'UserSubscriptionCancelled',
    data: {
      ...person(context),
      plan: { planId, name },
      cancellationReason: reason,
      cancellationNote: note,
      cancelledBy: requestedBy,
      effectiveDate,
      refundAmount: inCurrency(context, 0),
      subscriptionDurationDays: durationDays(context, effectiveDate),
      ...(reason === 'payment_failure' && { failedPaymentAttempts: dunning?.failedAttempts ?? 0 }),
      ...(reason === 'payment_failure' && dunning?.lastAttemptAt && { lastPaymentAttempt: dunning.lastAttemptAt }),
    },
  };
}

/** Announces the period that a bill was just settled for. */
export const renewed = (context: SubscriptionContext, bill: Bill, recovered: boolean): Out<'SubscriptionRenewed'> => ({
  type: 'SubscriptionRenewed',
  data: {
    ...subject(context),
    ...collected(bill),
    amount: bill.total,
    period: bill.period,
    nextBillingDate: bill.period.end,
    recovered,
  },
});

/** Asks whether a plan still fits what is used of it, where something is counted (S-08, R-62). */
export function analyseUsage(context: SubscriptionContext, { period }: Bill): Out<'AnalyseUsage'>[] {
  const plan = planOf(context);
  if (!plan?.usage || context.startedAt === null) return [];
  const { usage } = plan;
  return [
    { type: 'AnalyseUsage', data: { ...subject(context), plan: { ...plan, usage }, period, since: context.startedAt } },
  ];
}

const collected = ({ invoiceId, terms, attempt }: Bill) => ({
  invoiceId,
  orderId: terms.kind === 'delivery' ? (attempt?.id ?? null) : null,
});

/** Announces a failed charge; while a cancellation is open nothing is scheduled. */
export function paymentFailed(
  context: SubscriptionContext,
  bill: Bill,
  failureReason: string,
): Out<'SubscriptionPaymentFailed'> {
  const { dunning, methodUsable, cancellation } = context;
  const retries = dunning !== null && methodUsable && cancellation === null && dunning.graceUntil === null;
  return {
    type: 'SubscriptionPaymentFailed',
    data: {
      ...subject(context),
      ...collected(bill),
      failureReason,
      methodUsable,
      retryAttempt: dunning?.retriesDone ?? 0,
      nextRetryAt: retries ? nextRetryAt(dunning) : null,
    },
  };
}

export const migrationCompleted = (
  context: SubscriptionContext,
  to: { plan: Plan; effectiveDate: string; nextBillingDate: string; invoiceId: string | null },
): Out<'PlanMigrationCompleted'> => ({
  type: 'PlanMigrationCompleted',
  data: {
    ...person(context),
    fromPlan: planSummary(context),
    toPlan: summaryOf(to.plan),
    effectiveDate: to.effectiveDate,
    nextBillingDate: to.nextBillingDate,
    invoiceId: to.invoiceId,
  },
});

export const planChangeFailed = (
  context: SubscriptionContext,
  { plan, invoiceId }: PlanChange,
  failureReason: string,
): Out<'PlanChangeFailed'> => ({
  type: 'PlanChangeFailed',
  data: { ...subject(context), plan: summaryOf(plan), invoiceId, failureReason },
});

export const planChangeScheduled = (
  context: SubscriptionContext,
  plan: Plan,
  effectiveDate: string,
): Out<'PlanChangeScheduled'> => ({
  type: 'PlanChangeScheduled',
  data: { ...subject(context), plan: summaryOf(plan), effectiveDate },
});

/** Sends a whole payment back that no bill wants. */
export const refundPayment = (
  { paymentId, amount }: { readonly paymentId: string; readonly amount: Money },
  { id }: Cause,
): Out<'RefundPayment'> => ({
  type: 'RefundPayment',
  data: {
    paymentId,
    amount,
    refundId: deriveId(id, 'refund'),
    reason: 'The subscription does not need this payment.',
    requestedBy: 'subscription',
  },
});

/** Calls off what is under way for a bill or a plan change: its charge, then its invoice. */
export function callOff(
  what: { readonly invoiceId: string | null; readonly attempt: Attempt | null },
  reason: string,
): SubscriptionOutgoing[] {
  const { invoiceId, attempt } = what;
  if (invoiceId === null) {
    return attempt
      ? [
          {
            type: 'CancelOrder',
            data: { orderId: attempt.id, reason: 'CUSTOMER_REQUEST', note: reason, requestedBy: 'system' },
          },
        ]
      : [];
  }
  return [
    ...(attempt ? [{ type: 'CancelPayment' as const, data: { paymentId: attempt.id, reason } }] : []),
    { type: 'CancelInvoice', data: { invoiceId, reason } },
  ];
}
