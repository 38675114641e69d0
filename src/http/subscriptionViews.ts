import {
  currencyOf,
  deliveryOf,
  hasUsableMethod,
  planOf,
  type SubscriptionContext,
} from '../../machines/subscription/subscription.context.js';
import { nextRetryAt } from '../../machines/subscription/subscription.rules.js';
import type { Delivery, Plan } from '../../machines/subscription/subscription.values.js';
import {
  billingCycleStatus,
  nextBillingDate,
  type SubscriptionState,
  viewSubscription as wordsFor,
} from '../../machines/subscription/subscription.view.js';
import type { StoredActor } from './actorRows.js';
import { viewAddress } from './addressView.js';
import type { SubscriptionView } from './subscriptionSchemas.js';

export type StoredSubscription = StoredActor<SubscriptionContext>;

/** Shows a subscription. */
export function viewSubscription({ context, ...subscription }: StoredSubscription): SubscriptionView {
  const state = subscription.state as SubscriptionState;
  const { database, access } = wordsFor(state, context);
  const [plan, delivery] = [planOf(context), deliveryOf(context)];
  const currency = currencyOf(context.terms);
  return {
    id: subscription.id,
    customerId: context.customerId,
    state,
    status: database,
    access,
    plan: plan && viewPlan(plan),
    delivery: delivery && viewDelivery(delivery),
    currency,
    currentPeriod: context.period,
    trialEndsAt: context.onTrial ? (context.period?.end ?? null) : null,
    startedAt: context.startedAt,
    nextBillingDate: nextBillingDate(state, context),
    billingCycleStatus: billingCycleStatus(state, context),
    lastPaymentAt: context.lastPaymentAt,
    autoRenew: context.autoRenew,
    paymentMethod: context.paymentMethod && {
      type: context.paymentMethod.type,
      isUsable: hasUsableMethod(context),
    },
    discount: context.discount,
    credit: { amount: context.credit, currency },
    bill: context.bill && viewBill(context.bill),
    pendingPlan: context.pendingPlan && viewPlan(context.pendingPlan),
    planChange: context.change && {
      plan: viewPlan(context.change.plan),
      invoiceId: context.change.invoiceId,
      total: context.change.total,
    },
    dunning: viewDunning(state, context),
    pause: context.pause && { since: context.pause.since, until: context.pause.until },
    cancelAtPeriodEnd: state === 'cancelScheduled',
    cancellation: viewCancellation(state, context),
    offer: offerOf(state, context),
    leftOut: [...context.leftOut],
    suspendedAt: context.suspendedAt,
    renewableUntil: context.decisionUntil,
    createdAt: subscription.createdAt,
    updatedAt: subscription.updatedAt,
    version: subscription.version,
  };
}

const viewPlan = ({ planId, name, price, billingCycle, intervalCount, taxRegion, usage }: Plan) => ({
  id: planId,
  name,
  price,
  billingCycle,
  intervalCount,
  taxRegion,
  usage: usage ?? null,
});

const viewDelivery = ({ shippingAddress, ...delivery }: Delivery) => ({
  items: delivery.items.map(({ productId, quantity, agreedUnitPrice }) => ({ productId, quantity, agreedUnitPrice })),
  percentOff: delivery.percentOff,
  currency: delivery.currency,
  billingCycle: delivery.billingCycle,
  intervalCount: delivery.intervalCount,
  shippingAddress: viewAddress(shippingAddress),
  shippingMethod: delivery.shippingMethod,
});

const viewBill = ({ invoiceId, terms, attempt, period, total }: NonNullable<SubscriptionContext['bill']>) => ({
  invoiceId,
  orderId: terms.kind === 'delivery' ? (attempt?.id ?? null) : null,
  period,
  total,
  isBeingCharged: attempt !== null,
});

function viewDunning(
  state: SubscriptionState,
  { dunning, methodUsable }: SubscriptionContext,
): SubscriptionView['dunning'] {
  if (dunning === null) return null;
  return {
    firstFailureAt: dunning.firstFailureAt,
    failedAttempts: dunning.failedAttempts,
    scheduledRetriesDone: dunning.retriesDone,
    nextRetryAt: state === 'pastDue' && methodUsable ? nextRetryAt(dunning) : null,
    lastAttemptAt: dunning.lastAttemptAt,
    graceUntil: dunning.graceUntil,
  };
}

/** A wish to leave is one once its offer is answered. */
function viewCancellation(
  state: SubscriptionState,
  { cancellation }: SubscriptionContext,
): SubscriptionView['cancellation'] {
  if (cancellation === null || state === 'active.offerPending') return null;
  const { reason, note, requestedBy, mode, requestedAt, effectiveAt } = cancellation;
  return { reason, note, requestedBy, mode, requestedAt, effectiveAt };
}

function offerOf(state: SubscriptionState, { cancellation }: SubscriptionContext): SubscriptionView['offer'] {
  if (state !== 'active.offerPending' || !cancellation?.offer || cancellation.offerUntil === null) return null;
  return { ...cancellation.offer, expiresAt: cancellation.offerUntil };
}
