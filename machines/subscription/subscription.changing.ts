import { assertEvent } from 'xstate';
import { cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import { later } from '../shared/instants.js';
import { migrated, paused, prorate, resumed } from './subscription.billing.js';
import { reissue, seen, skipped, stopBilling } from './subscription.collecting.js';
import { deliveryOf, planOf, type SubscriptionContext } from './subscription.context.js';
import { handedOver } from './subscription.dunning.js';
import {
  generateChangeInvoice,
  migrationCompleted,
  openPayment,
  planChangeFailed,
  planChangeScheduled,
  refundPayment,
  subject,
} from './subscription.outgoing.js';
import { deliveryAfterNext, isUpgrade, MAX_PAUSE_MS } from './subscription.rules.js';
import type { Step, SubscriptionIncoming } from './subscription.step.js';
import type { Delivery } from './subscription.values.js';

type Context = SubscriptionContext;
type Event = SubscriptionIncoming;

/** Keeps the customer’s new method, and hands it to a charge under way that can still use it. */
export function keepMethod(context: Context, event: Event): Step {
  assertEvent(event, 'ChangeSubscriptionPaymentMethod');
  const change = { paymentMethod: event.data.paymentMethod, methodUsable: true };
  return { change, send: handedOver({ ...context, ...change }) };
}

export const forgetMethod = (): Step => ({ change: { methodUsable: false } });

/** Whether the subscription renews by itself once its running period is over (S-27); a debt stays as it is. */
export function noteAutoRenewal(_context: Context, event: Event): Step {
  assertEvent(event, 'ChangeAutoRenewal');
  return { change: { autoRenew: event.data.autoRenew } };
}

/** The same while a period is running: a bill that is ahead is taken back when there will be no next period (S-27). */
export function setAutoRenewal(context: Context, event: Event): Step {
  assertEvent(event, 'ChangeAutoRenewal');
  const { autoRenew } = event.data;
  const { change, send } = autoRenew ? {} : reissue(context);
  return { change: { ...change, autoRenew }, send };
}

/** Reminds of what comes with the end of the period. */
export function remind(context: Context, event: Event): Step {
  const { terms, autoRenew, onTrial, period, bill } = context;
  const about = !autoRenew ? 'end' : onTrial ? 'trialEnd' : terms.kind === 'delivery' ? 'delivery' : 'payment';
  const date = period?.end ?? cause(event).at;
  return {
    change: { reminded: true },
    send: [
      { type: 'SubscriptionReminderDue', data: { ...subject(context), about, date, amount: bill?.total ?? null } },
    ],
  };
}

/** The instant that a plan change counts from: that of the preview the customer agreed to, else now. */
export function changeInstant(event: Event): string {
  assertEvent(event, 'ChangePlan');
  return event.data.prorationAt ?? event.at;
}

/** Moves to a dearer plan: its proration is invoiced now, and the plan begins once that is paid (S-30). */
export function startUpgrade(context: Context, event: Event): Step {
  assertEvent(event, 'ChangePlan');
  if (!context.period) return {};
  const proration = prorate(context, context.period, event.data.plan, changeInstant(event));
  const change = { ...proration, invoiceId: deriveId(event.id, 'change invoice'), total: null, attempt: null };
  return { change: { change }, send: [generateChangeInvoice(context, change)] };
}

export const noteChangeInvoice = ({ change }: Context, event: Event): Step => {
  assertEvent(event, 'InvoiceGenerated');
  return change ? { change: { change: { ...change, total: event.data.total } } } : {};
};

export function chargeChange(context: Context, event: Event): Step {
  const { change, paymentMethod } = context;
  if (!change?.total || !paymentMethod) return {};
  const { invoiceId, total } = change;
  const paymentId = deriveId(cause(event).id, 'change payment');
  return {
    change: { change: { ...change, attempt: { id: paymentId, token: paymentMethod.token } } },
    send: [openPayment(context, { invoiceId, total, paymentId, method: paymentMethod, isFirst: false })],
  };
}

/** The proration is paid: the new plan holds, and the next period is billed anew (S-30). */
export function migrate(context: Context, event: Event): Step {
  const { change } = context;
  if (!change) return {};
  const { send = [] } = reissue(context);
  const isPaid = event.type === 'PaymentProcessed';
  return {
    change: {
      ...migrated(context, change),
      ...(isPaid && {
        lastPaymentAt: event.at,
        seenPayments: seen(context, event.data.paymentId),
      }),
    },
    send: [
      ...send,
      migrationCompleted(context, {
        plan: change.plan,
        effectiveDate: change.at,
        nextBillingDate: change.period.end,
        invoiceId: change.invoiceId,
      }),
    ],
  };
}

/** The proration cannot be paid: its invoice is void, everything stays as it was (S-30). */
export function dropChange(context: Context, event: Event): Step {
  const { change } = context;
  if (!change) return {};
  const isFailure = event.type === 'PaymentFailed';
  const isMismatch = event.type === 'PaymentProcessed';
  const failureReason = isFailure
    ? event.data.failureReason
    : isMismatch
      ? 'amount_mismatch'
      : 'invalid_payment_method';
  const isSameMethod = change.attempt?.token === context.paymentMethod?.token;
  const isDead = isFailure && isSameMethod && !event.data.methodUsable;
  return {
    change: {
      change: null,
      methodUsable: context.methodUsable && !isDead,
      ...(isMismatch && {
        billingInconsistent: true,
        seenPayments: seen(context, event.data.paymentId),
      }),
    },
    send: [
      { type: 'CancelInvoice', data: { invoiceId: change.invoiceId, reason: 'The change of plan was not paid.' } },
      ...(isMismatch ? [refundPayment(event.data, event)] : []),
      planChangeFailed(context, change, failureReason),
    ],
  };
}

/** Moves to another plan with the next period; asking for the present plan again takes an earlier wish back (S-30). */
export function planLater(context: Context, event: Event): Step {
  assertEvent(event, 'ChangePlan');
  const { plan } = event.data;
  const isPresent = isSamePlan(context, event);
  const { change, send = [] } = reissue(context);
  return {
    change: { ...change, pendingPlan: isPresent ? null : plan },
    send: [...send, planChangeScheduled(context, plan, context.period?.end ?? event.at)],
  };
}

export function isSamePlan(context: Context, event: Event): boolean {
  assertEvent(event, 'ChangePlan');
  const present = planOf(context);
  const { planId, price } = event.data.plan;
  return present?.planId === planId && present.price.amount === price.amount;
}

/** Whether the wanted plan is dearer than the present one. */
export function isDearer(context: Context, event: Event): boolean {
  assertEvent(event, 'ChangePlan');
  const present = planOf(context);
  return present !== null && isUpgrade(present, event.data.plan);
}

/** Stops billing and access; the paid time that is left waits (S-26). */
export function startPause(context: Context, event: Event, until: string): Step {
  const { change, send = [] } = stopBilling(context);
  return {
    change: { ...change, pause: paused(context, cause(event).at, until), pendingPlan: context.pendingPlan },
    send: [...send, { type: 'SubscriptionPaused', data: { ...subject(context), until } }],
  };
}

export const longestPause = (at: string): string => later(at, MAX_PAUSE_MS);

/** Ends a pause: the time that was left runs on (S-26). */
export function endPause(context: Context, event: Event): Step {
  const change = resumed(context, cause(event).at);
  const nextBillingDate = change.period?.end ?? cause(event).at;
  return { change, send: [{ type: 'SubscriptionResumed', data: { ...subject(context), nextBillingDate } }] };
}

/** Leaves the next delivery out: the one after it is next. */
export function skipDelivery(context: Context, event: Event): Step {
  if (!context.period) return {};
  const change: Partial<Context> = {
    skippedBy: cause(event).id,
    period: { ...context.period, end: deliveryAfterNext(context) },
    nextIndex: context.nextIndex + 1,
    reminded: false,
  };
  return { change, send: [skipped({ ...context, ...change }, 'customer')] };
}

/** Has the next delivery on another day; those after it keep their dates. */
export function moveDelivery({ period }: Context, event: Event): Step {
  assertEvent(event, 'MoveDelivery');
  return period ? { change: { period: { ...period, end: event.data.deliverAt }, reminded: false } } : {};
}

const withItems = (context: Context, items: Delivery['items']): Step => {
  const delivery = deliveryOf(context);
  return delivery ? { change: { terms: { kind: 'delivery', delivery: { ...delivery, items } } } } : {};
};

export function changeQuantities(context: Context, event: Event): Step {
  assertEvent(event, 'ChangeQuantities');
  return withItems(context, event.data.items);
}

/** The customer consents to higher prices: these products come along again. */
export function approvePrices(context: Context, event: Event): Step {
  assertEvent(event, 'ApprovePrices');
  const { prices } = event.data;
  const items = deliveryOf(context)?.items ?? [];
  return withItems(
    context,
    items.map((item) => {
      const approved = prices.find(({ productId }) => productId === item.productId);
      return approved ? { ...item, agreedUnitPrice: approved.unitPrice } : item;
    }),
  );
}
