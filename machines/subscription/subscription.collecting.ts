import { assertEvent } from 'xstate';
import { cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import { later } from '../shared/instants.js';
import { firstBill, nextBill, settled } from './subscription.billing.js';
import {
  type Bill,
  type Dunning,
  deliveryOf,
  hasUsableMethod,
  planOf,
  type SubscriptionContext,
} from './subscription.context.js';
import {
  callOff,
  cancelled,
  generateInvoice,
  migrationCompleted,
  openPayment,
  paymentDue,
  paymentFailed,
  placeOrder,
  quoteDelivery,
  refundPayment,
  renewed,
  type SubscriptionOutgoing,
  started,
  subject,
} from './subscription.outgoing.js';
import { composeDelivery, GRACE_MS, RETENTION_MS, RETRY_OFFSETS_MS, retriesPassed } from './subscription.rules.js';
import type { Step, SubscriptionIncoming } from './subscription.step.js';

type Context = SubscriptionContext;
type Event = SubscriptionIncoming;

const SEEN_PAYMENTS = 8;
const LAST_RETRY = RETRY_OFFSETS_MS.length;

const issued = (context: Context, bill: Bill): SubscriptionOutgoing[] =>
  bill.terms.kind === 'plan' ? [generateInvoice(context, bill)] : [];

/** The payments that count already, with one more. */
export const seen = ({ seenPayments }: Context, paymentId: string): readonly string[] =>
  [...seenPayments, paymentId].slice(-SEEN_PAYMENTS);

/** Asks for the first period, which begins now: S-01, S-15, S-28. */
export function beginFirstPeriod(context: Context, event: Event): Step {
  if (context.bill) return {};
  const bill = firstBill(context, cause(event));
  return { change: { bill, anchor: bill.anchor }, send: issued(context, bill) };
}

/** Has the bill of the next period made, when it is not there yet. */
export function prepareBill(context: Context, event: Event): Step {
  if (context.bill) return {};
  const bill = nextBill(context, cause(event).id, null);
  return { change: { bill }, send: issued(context, bill) };
}

/** The next period has begun: its bill is due (S-05, S-06). */
export function demandBill(context: Context, event: Event): Step {
  const { change, send } = prepareBill(context, event);
  const bill = change?.bill ?? context.bill;
  if (!bill || bill.attempt || bill.wanted) return { change, send };
  return { change: { bill: { ...bill, wanted: { retryAttempt: 0 } } }, send };
}

export function noteInvoice({ bill }: Context, event: Event): Step {
  assertEvent(event, 'InvoiceGenerated');
  return bill ? { change: { bill: { ...bill, total: event.data.total } } } : {};
}

/** Charges what is wanted: opens the payment of the invoice, or asks for today’s prices of the delivery. */
export function charge(context: Context, event: Event): Step {
  const { bill, paymentMethod } = context;
  if (!bill?.wanted || !paymentMethod) return {};
  const { token } = paymentMethod;
  if (bill.invoiceId === null) {
    const id = deriveId(cause(event).id, 'order');
    return {
      change: { bill: { ...bill, wanted: null, attempt: { id, token } } },
      send: [quoteDelivery(context, id)],
    };
  }
  if (bill.total === null) return {};
  const id = deriveId(cause(event).id, 'payment');
  const { invoiceId, total, wanted } = bill;
  const opened = openPayment(context, {
    invoiceId,
    total,
    paymentId: id,
    method: paymentMethod,
    isFirst: context.startedAt === null,
  });
  return {
    change: { bill: { ...bill, wanted: null, attempt: { id, token } } },
    send: wanted === 'request' ? [opened] : [paymentDue(context, bill, wanted.retryAttempt), opened],
  };
}

/** What the quoted delivery would order. */
export function composed(context: Context, event: Event) {
  assertEvent(event, 'DeliveryQuoted');
  const delivery = deliveryOf(context);
  return delivery && composeDelivery(delivery, event.data.quotes, context.discount?.percent ?? 0);
}

export function placeDelivery(context: Context, event: Event): Step {
  const order = composed(context, event);
  const attempt = context.bill?.attempt;
  if (!order || !attempt) return {};
  const { leftOut } = order;
  return {
    change: { leftOut },
    send: [
      placeOrder(context, attempt, order),
      ...(leftOut.length > 0
        ? [
            {
              type: 'DeliveryAdjusted' as const,
              data: { ...subject(context), orderId: attempt.id, leftOut: [...leftOut] },
            },
          ]
        : []),
    ],
  };
}

/** What settled a bill: money, nothing to pay, or a delivery that does not happen. */
function settling(context: Context, event: Event) {
  const isSkipped = event.type === 'DeliveryQuoted' || event.type === 'OrderCancelled';
  const isPaid = event.type === 'PaymentProcessed';
  const leftOut = event.type === 'DeliveryQuoted' ? (composed(context, event)?.leftOut ?? []) : context.leftOut;
  return { isSkipped, isPaid, leftOut };
}

/**
 * The bill is settled: the period is extended, everyone is told (S-03, S-08, S-11, S-15). A cancellation that is open goes
 * back to a subscription without debt.
 */
export function settle(context: Context, event: Event, { as }: { as: 'first' | 'renewal' | 'revival' }): Step {
  const { bill, cancellation } = context;
  if (!bill) return {};
  const { at } = cause(event);
  const { isSkipped, isPaid, leftOut } = settling(context, event);
  const change: Partial<Context> = {
    ...settled(context, bill, at),
    ...(isSkipped && { discount: context.discount }),
    ...(!isPaid && { lastPaymentAt: context.lastPaymentAt }),
    ...(event.type === 'PaymentProcessed' && { seenPayments: seen(context, event.data.paymentId) }),
    ...(as === 'revival' && { source: 'reactivation' }),
    cancellation: cancellation && { ...cancellation, from: 'current' },
    leftOut,
  };
  const after: Context = { ...context, ...change };
  const migratesTo = context.pendingPlan && planOf(after);
  return {
    change,
    send: [
      ...(as === 'renewal' ? [] : [started(after, at)]),
      ...(as === 'renewal' && !isSkipped ? [renewed(after, bill, context.dunning !== null)] : []),
      ...(isSkipped ? [skipped(after, event.type === 'OrderCancelled' ? 'orderCancelled' : 'nothingToSend')] : []),
      ...(migratesTo
        ? [
            migrationCompleted(context, {
              plan: migratesTo,
              effectiveDate: bill.period.start,
              nextBillingDate: bill.period.end,
              invoiceId: null,
            }),
          ]
        : []),
    ],
  };
}

export function skipped(
  context: Context,
  reason: Extract<SubscriptionOutgoing, { type: 'DeliverySkipped' }>['data']['reason'],
): SubscriptionOutgoing {
  const leftOut = reason === 'nothingToSend' ? [...context.leftOut] : [];
  const nextDeliveryAt = context.period?.end ?? context.anchor;
  return { type: 'DeliverySkipped', data: { ...subject(context), reason, leftOut, nextDeliveryAt } };
}

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

/** Stops what is being collected or would be: a bill that nobody has paid, and a plan change (4.6 step 3). */
export function stopBilling({ bill, change }: Context): Step {
  const reason = 'The subscription stops here.';
  return {
    change: { bill: null, change: null },
    send: [...(bill ? callOff(bill, reason) : []), ...(change ? callOff(change, reason) : [])],
  };
}

/** Takes back the bill of the next period, so that it is made anew on other terms; a bill that is being charged stays. */
export function reissue({ bill }: Context): Step {
  if (!bill || bill.attempt) return {};
  return { change: { bill: null }, send: callOff(bill, 'The next period is billed on other terms.') };
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

/** Money that no bill asks for goes back, once. */
export function sendBack(context: Context, event: Event): Step {
  assertEvent(event, 'PaymentProcessed');
  return {
    change: { seenPayments: seen(context, event.data.paymentId) },
    send: [refundPayment(event.data, event)],
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
