import { assertEvent } from 'xstate';
import { cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import { firstBill, nextBill, settled } from './subscription.billing.js';
import { type Bill, deliveryOf, planOf, type SubscriptionContext } from './subscription.context.js';
import {
  analyseUsage,
  callOff,
  generateInvoice,
  migrationCompleted,
  openPayment,
  paymentDue,
  placeOrder,
  quoteDelivery,
  refundPayment,
  renewed,
  type SubscriptionOutgoing,
  started,
  subject,
} from './subscription.outgoing.js';
import { composeDelivery } from './subscription.rules.js';
import type { Step, SubscriptionIncoming } from './subscription.step.js';

type Context = SubscriptionContext;
type Event = SubscriptionIncoming;

const SEEN_PAYMENTS = 8;

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
  const { bill, paymentMethod, dunning } = context;
  if (!bill?.wanted || !paymentMethod) return {};
  const { token } = paymentMethod;
  // A request that is told again after its charge has failed makes another charge.
  const number = (dunning?.failedAttempts ?? 0) + 1;
  if (bill.invoiceId === null) {
    const id = deriveId(cause(event).id, `order ${number}`);
    return {
      change: { bill: { ...bill, wanted: null, attempt: { id, token } } },
      send: [quoteDelivery(context, id)],
    };
  }
  if (bill.total === null) return {};
  const id = deriveId(cause(event).id, `payment ${number}`);
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

/** What ends a bill without its delivery. */
const skipping: readonly Event['type'][] = ['DeliveryQuoted', 'OrderCancelled', 'SubscriptionOrderRefused'];

/** What settled a bill: money, nothing to pay, or a delivery that does not happen. */
function settling(context: Context, event: Event) {
  const isSkipped = skipping.includes(event.type);
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
      // Only to those of S-08: whoever has just been in arrears, or thinks of leaving, is not told to take more.
      ...(as === 'renewal' && context.dunning === null && cancellation === null ? analyseUsage(after, bill) : []),
      ...(isSkipped ? [skipped(after, event.type === 'DeliveryQuoted' ? 'nothingToSend' : 'orderCancelled')] : []),
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

/** Stops what is being collected or would be: a bill that nobody has paid, and a plan change (4.6 step 3). */
export function stopBilling({ bill, change }: Context): Step {
  const reason = 'The subscription stops here.';
  return {
    change: { bill: null, change: null },
    send: [...(bill ? callOff(bill, reason) : []), ...(change ? callOff(change, reason) : [])],
  };
}

/** Takes back the bill of the next period, which nobody charges yet, so that it is made anew on other terms. */
export function reissue({ bill }: Context): Step {
  if (!bill) return {};
  return { change: { bill: null }, send: callOff(bill, 'The next period is billed on other terms.') };
}

/** Money that no bill asks for goes back, once. */
export function sendBack(context: Context, event: Event): Step {
  assertEvent(event, 'PaymentProcessed');
  return {
    change: { seenPayments: seen(context, event.data.paymentId) },
    send: [refundPayment(event.data, event)],
  };
}
