import { assertEvent } from 'xstate';
import { cause } from '../shared/cause.js';
import { later } from '../shared/instants.js';
import { seen, sendBack, stopBilling } from './subscription.collecting.js';
import { type Dunning, hasUsableMethod, type SubscriptionContext } from './subscription.context.js';
import {
  callOff,
  cancelled,
  paymentFailed,
  refundPayment,
  type SubscriptionOutgoing,
  subject,
} from './subscription.outgoing.js';
import { GRACE_MS, RETENTION_MS, RETRY_OFFSETS_MS, retriesPassed } from './subscription.rules.js';
import type { Step, SubscriptionIncoming } from './subscription.step.js';

type Context = SubscriptionContext;
type Event = SubscriptionIncoming;

const LAST_RETRY = RETRY_OFFSETS_MS.length;

const failureReasonOf = (event: Event): string => {
  if (event.type === 'PaymentFailed') return event.data.failureReason;
  if (event.type === 'OrderCancelled') return event.data.cancellationReason;
  return event.type === 'PaymentProcessed' ? 'amount_mismatch' : 'invalid_payment_method';
};

const methodRequested = (context: Context, { firstFailureAt, graceUntil }: Dunning): SubscriptionOutgoing => ({
  type: 'PaymentMethodRequested',
  data: {
    ...subject(context),
    why: context.paymentMethod ? 'declined' : 'missing',
    until: graceUntil ?? later(firstFailureAt, RETRY_OFFSETS_MS[LAST_RETRY - 1] ?? 0),
  },
});

/**
 * A charge has failed for good: the debt counts from its first failure (S-09). A method that will never pass is asked to be
 * replaced at once; one that the customer has chosen meanwhile is charged at once. Money of another amount than the bill’s
 * goes back, and support must look (S-23).
 */
export function fail(context: Context, event: Event): Step {
  const { bill, paymentMethod, cancellation } = context;
  if (!bill?.attempt) return {};
  const { at } = cause(event);
  const isReplaced = paymentMethod?.token !== bill.attempt.token;
  const isDead = !isReplaced && event.type === 'PaymentFailed' && !event.data.methodUsable;
  const dunning: Dunning = {
    firstFailureAt: context.dunning?.firstFailureAt ?? at,
    retriesDone: context.dunning?.retriesDone ?? 0,
    failedAttempts: (context.dunning?.failedAttempts ?? 0) + 1,
    lastAttemptAt: at,
    graceUntil: context.dunning?.graceUntil ?? null,
  };
  const change: Partial<Context> = {
    dunning,
    bill: { ...bill, attempt: null, wanted: isReplaced ? 'request' : null },
    methodUsable: context.methodUsable && !isDead,
    cancellation: cancellation?.from === 'renewing' ? { ...cancellation, from: 'pastDue' } : cancellation,
  };
  const after: Context = { ...context, ...change };
  const told = [
    paymentFailed(after, bill, failureReasonOf(event)),
    ...(hasUsableMethod(after) ? [] : [methodRequested(after, dunning)]),
  ];
  if (event.type !== 'PaymentProcessed') return { change, send: told };
  return {
    change: { ...change, billingInconsistent: true, seenPayments: seen(context, event.data.paymentId) },
    send: [...told, refundPayment(event.data, event)],
  };
}

/** A charge failed that its payment or order will try again: the method is noted, a newer one is handed over. */
export function noteSetback(context: Context, event: Event): Step {
  assertEvent(event, 'PaymentFailed');
  const { bill, paymentMethod } = context;
  if (!bill?.attempt) return {};
  const isReplaced = paymentMethod !== null && paymentMethod.token !== bill.attempt.token;
  if (isReplaced) {
    return {
      change: { bill: { ...bill, attempt: { ...bill.attempt, token: paymentMethod.token } } },
      send: handedOver(context),
    };
  }
  if (event.data.methodUsable) return {};
  return {
    change: { methodUsable: false },
    send: [
      {
        type: 'PaymentMethodRequested',
        data: { ...subject(context), why: 'declined', until: event.data.nextRetryAt ?? event.at },
      },
    ],
  };
}

/** Hands the customer’s method to a charge that is under way and can still use it: a first payment, or an order. */
export function handedOver({ bill, paymentMethod, startedAt }: Context): SubscriptionOutgoing[] {
  if (!bill?.attempt || !paymentMethod) return [];
  if (bill.invoiceId === null) {
    return [{ type: 'ChangePaymentMethod', data: { orderId: bill.attempt.id, paymentMethod } }];
  }
  return startedAt === null ? [{ type: 'RetryPayment', data: { paymentId: bill.attempt.id, paymentMethod } }] : [];
}

/** A scheduled retry has come (S-10): charges again, or reminds of the method when it is known never to pass. */
export function useRetry(context: Context, event: Event): Step {
  const { dunning, bill } = context;
  if (!dunning || !bill) return {};
  const passed = Math.max(dunning.retriesDone + 1, retriesPassed(dunning, cause(event).at));
  const retriesDone = Math.min(passed, LAST_RETRY);
  const next = { ...dunning, retriesDone };
  if (!hasUsableMethod(context)) return { change: { dunning: next }, send: [methodRequested(context, next)] };
  return { change: { dunning: next, bill: { ...bill, wanted: { retryAttempt: retriesDone } } } };
}

/** Charges the debt at the customer’s wish; no scheduled retry is used up (S-13). */
export const requestCharge = ({ bill }: Context): Step =>
  bill ? { change: { bill: { ...bill, wanted: 'request' } } } : {};

/** Access is limited from now on (S-07, S-12). */
export function startGrace(context: Context, event: Event): Step {
  const { at } = cause(event);
  const graceUntil = later(at, GRACE_MS);
  const dunning: Dunning = {
    ...(context.dunning ?? { firstFailureAt: at, failedAttempts: 0, lastAttemptAt: null }),
    retriesDone: LAST_RETRY,
    graceUntil,
  };
  return {
    change: { dunning, ...(context.bill && { bill: { ...context.bill, wanted: null } }) },
    send: [{ type: 'SubscriptionGraceStarted', data: { ...subject(context), graceUntil } }],
  };
}

/** Grace is over: access is restricted, and the debt is not collected any more (S-14). */
export function suspend(context: Context, event: Event): Step {
  const { at } = cause(event);
  const { change, send = [] } = stopBilling(context);
  return {
    change: { ...change, dunning: null, pendingPlan: null, suspendedAt: at },
    send: [
      ...send,
      cancelled(context, { reason: 'payment_failure', note: null, requestedBy: 'system' }, at),
      { type: 'SubscriptionSuspended', data: { ...subject(context), revivableUntil: later(at, RETENTION_MS) } },
    ],
  };
}

/** The first payment failed for good (S-04); money of another amount than the invoice’s goes back. */
export function giveUp(context: Context, event: Event): Step {
  const { bill } = context;
  const failed: SubscriptionOutgoing = {
    type: 'SubscriptionFailed',
    data: { ...subject(context), failureReason: failureReasonOf(event) },
  };
  const over = bill ? callOff({ ...bill, attempt: null }, 'The first payment failed.') : [];
  const { change, send = [] } = event.type === 'PaymentProcessed' ? sendBack(context, event) : {};
  return { change: { ...change, bill: null }, send: [...over, ...send, failed] };
}
