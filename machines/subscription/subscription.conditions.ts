import { assertEvent } from 'xstate';
import { hasCome } from '../shared/calendar.js';
import { cause } from '../shared/cause.js';
import { later } from '../shared/instants.js';
import * as changing from './subscription.changing.js';
import { planOf, type SubscriptionContext } from './subscription.context.js';
import { PREVIEW_MS } from './subscription.rules.js';
import type { SubscriptionIncoming } from './subscription.step.js';

type Context = SubscriptionContext;
type Incoming = SubscriptionIncoming;
/** Any event: a message, a timer, or the beginning. */
type Now = { readonly type: string };

/** The instant of what is happening. */
export const at = (event: Now): string => cause(event).at;

export const isRunning = ({ period }: Context, event: Now): boolean =>
  period !== null && !hasCome(period.end, at(event));
export const isPeriodOver = ({ period }: Context, event: Now): boolean =>
  period !== null && hasCome(period.end, at(event));
export const isInFlight = ({ bill }: Context): boolean => Boolean(bill?.attempt);
export const isFree = ({ bill }: Context): boolean => bill?.total?.amount === 0;
export const isReplaced = ({ bill, paymentMethod }: Context): boolean =>
  Boolean(bill?.attempt) && bill?.attempt?.token !== paymentMethod?.token;

/** Whether money is for what is being charged, and is all of it; an order knows its own total. */
export const pays = (
  what: Context['bill'] | Context['change'],
  { data }: Incoming & { type: 'PaymentProcessed' },
): boolean => {
  if (!what?.attempt) return false;
  if (what.invoiceId === null) return data.orderId === what.attempt.id;
  const { total } = what;
  return (
    data.paymentId === what.attempt.id &&
    data.amount.amount === total?.amount &&
    data.amount.currency === total.currency
  );
};

/** Whether a charge under way has failed for good: by its payment, by the end of its order, or by paying another amount. */
export const hasFailed = (what: Context['bill'] | Context['change'], event: Incoming): boolean => {
  if (!what?.attempt) return false;
  const { attempt, invoiceId } = what;
  if (event.type === 'PaymentFailed') return event.data.paymentId === attempt.id && !event.data.canRetry;
  if (event.type === 'PaymentProcessed') return event.data.paymentId === attempt.id && !pays(what, event);
  if (event.type !== 'OrderCancelled' || invoiceId !== null || event.data.orderId !== attempt.id) return false;
  return event.data.cancellationReason === 'PAYMENT_FAILED' || event.data.cancellationReason === 'FRAUD';
};

/** An instant from which a change may be counted: that of a fresh preview, within the paid time (S-30). */
export const isChangeable = (context: Context, event: Incoming): boolean => {
  assertEvent(event, 'ChangePlan');
  const present = planOf(context);
  const from = changing.changeInstant(event);
  return (
    present !== null &&
    context.change === null &&
    isRunning(context, event) &&
    event.data.plan.price.currency === present.price.currency &&
    hasCome(from, event.at) &&
    !hasCome(from, later(event.at, -PREVIEW_MS)) &&
    hasCome(context.coverage?.start ?? from, from)
  );
};

export const isRefused = ({ billingInconsistent }: Context, event: Incoming): boolean => {
  assertEvent(event, 'CancelSubscription');
  return event.data.accountLocked || billingInconsistent;
};
