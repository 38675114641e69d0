import type { BillingCycle } from '../shared/calendar.js';
import type { Money } from '../shared/values.js';
import { cadenceOf, currencyOf, planOf, type SubscriptionContext } from './subscription.context.js';
import { nextRetryAt } from './subscription.rules.js';

/** The states of the subscription machine (domain.md 8.3), as dotted paths. */
export type SubscriptionState =
  | 'pending'
  | 'trialing'
  | 'active.current'
  | 'active.renewing'
  | 'active.offerPending'
  | 'active.cancelling'
  | 'pastDue'
  | 'grace'
  | 'suspended'
  | 'paused'
  | 'cancelScheduled'
  | 'cancelled'
  | 'expired'
  | 'failed';

/** What a shop may let a subscriber do. */
export type Access = 'full' | 'limited' | 'restricted' | 'none';

interface SubscriptionView {
  readonly database: 'PENDING' | 'TRIAL' | 'ACTIVE' | 'PAST_DUE' | 'SUSPENDED' | 'PAUSED' | 'CANCELLED' | 'EXPIRED';
  /** The GetSubscriptionStatus query. */
  readonly query: 'active' | 'canceled' | 'expired' | 'pending';
  readonly access: Access;
}

const active: SubscriptionView = { database: 'ACTIVE', query: 'active', access: 'full' };
const expired: SubscriptionView = { database: 'EXPIRED', query: 'expired', access: 'none' };

const views: Readonly<Record<SubscriptionState, SubscriptionView>> = {
  pending: { database: 'PENDING', query: 'pending', access: 'none' },
  trialing: { database: 'TRIAL', query: 'active', access: 'full' },
  'active.current': active,
  'active.renewing': active,
  'active.offerPending': active,
  'active.cancelling': active,
  pastDue: { database: 'PAST_DUE', query: 'active', access: 'full' },
  grace: { database: 'PAST_DUE', query: 'active', access: 'limited' },
  suspended: { database: 'SUSPENDED', query: 'expired', access: 'restricted' },
  paused: { database: 'PAUSED', query: 'pending', access: 'none' },
  cancelScheduled: active,
  cancelled: { database: 'CANCELLED', query: 'canceled', access: 'none' },
  expired,
  failed: expired,
};

/**
 * Returns what each vocabulary of the catalogue calls a stored subscription, and its access (the view table of 8.3). Whoever
 * thinks about leaving keeps the access of where they came from: an offer in the grace period does not give more.
 */
export function viewSubscription(
  state: SubscriptionState,
  { cancellation }: Pick<SubscriptionContext, 'cancellation'>,
): SubscriptionView {
  const isLeaving = state === 'active.offerPending' || state === 'active.cancelling';
  const from = isLeaving ? cancellation?.from : undefined;
  return from === 'grace' || from === 'paused' ? { ...views[state], access: views[from].access } : views[state];
}

const frequencies: Readonly<Record<BillingCycle, string>> = {
  daily: 'daily',
  weekly: 'weekly',
  monthly: 'monthly',
  quarterly: 'quarterly',
  annual: 'yearly',
};

/** The answer of GetSubscriptionStatus (2.10), with `yearly` in its own vocabulary (C-25). */
export interface SubscriptionStatus {
  readonly userId: string;
  readonly subscriptionId: string;
  readonly subscriptionStatus: SubscriptionView['query'];
  readonly detailedStatus: SubscriptionState;
  readonly access: Access;
  readonly subscriptionPlan: string;
  readonly nextBillingDate: string | null;
  readonly billingFrequency: string;
  /** The price of a period before tax; null for a delivery, whose price is that of the day. */
  readonly amount: Money | null;
  readonly currency: string;
  readonly lastPaymentDate: string | null;
  readonly cancelAtPeriodEnd: boolean;
}

/** When a subscription is charged next; null when it will not be. */
export function nextBillingDate(state: SubscriptionState, context: SubscriptionContext): string | null {
  const { period, bill, dunning, autoRenew, methodUsable } = context;
  if (state === 'trialing' || state === 'active.current') return autoRenew ? (period?.end ?? null) : null;
  if (state === 'active.renewing' || state === 'pending') return bill?.period.start ?? null;
  return state === 'pastDue' && dunning && methodUsable ? nextRetryAt(dunning) : null;
}

/** Returns the answer of GetSubscriptionStatus for one stored subscription. */
export function subscriptionStatus(state: SubscriptionState, context: SubscriptionContext): SubscriptionStatus {
  const view = viewSubscription(state, context);
  const plan = planOf(context);
  return {
    userId: context.customerId,
    subscriptionId: context.subscriptionId,
    subscriptionStatus: view.query,
    detailedStatus: state,
    access: view.access,
    subscriptionPlan: plan?.name ?? 'Subscribe & Save',
    nextBillingDate: nextBillingDate(state, context),
    billingFrequency: frequencies[cadenceOf(context.terms).billingCycle],
    amount: plan?.price ?? null,
    currency: currencyOf(context.terms),
    lastPaymentDate: context.lastPaymentAt,
    cancelAtPeriodEnd: state === 'cancelScheduled',
  };
}

/** The status of a billing cycle (8.7). */
export type BillingCycleStatus =
  | 'Scheduled'
  | 'Processing'
  | 'Paid'
  | 'Failed'
  | 'Retrying'
  | 'Suspended'
  | 'Cancelled';

/**
 * Returns the status of the cycle that comes next, or is being collected (8.7). A cycle before it is Paid; its invoice says when.
 */
export function billingCycleStatus(state: SubscriptionState, context: SubscriptionContext): BillingCycleStatus {
  const from =
    state === 'active.offerPending' || state === 'active.cancelling' ? context.cancellation?.from : undefined;
  const status = cycles[from ? originState[from] : state];
  return status === 'owed' ? owed(context) : status;
}

/** A debt is Failed until another charge of it was tried, or will be. */
function owed({ dunning, methodUsable }: SubscriptionContext): BillingCycleStatus {
  const failed = dunning?.failedAttempts ?? 0;
  return failed > 1 || (failed === 1 && methodUsable) ? 'Retrying' : 'Failed';
}

const cycles: Readonly<Record<SubscriptionState, BillingCycleStatus | 'owed'>> = {
  pending: 'Processing',
  trialing: 'Scheduled',
  'active.current': 'Scheduled',
  'active.renewing': 'Processing',
  'active.offerPending': 'Scheduled',
  'active.cancelling': 'Scheduled',
  pastDue: 'owed',
  grace: 'owed',
  suspended: 'Suspended',
  paused: 'Cancelled',
  cancelScheduled: 'Cancelled',
  cancelled: 'Cancelled',
  expired: 'Cancelled',
  failed: 'Failed',
};

const originState = {
  trialing: 'trialing',
  current: 'active.current',
  renewing: 'active.renewing',
  pastDue: 'pastDue',
  grace: 'grace',
  paused: 'paused',
} as const;
