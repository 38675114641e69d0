import { assertEvent } from 'xstate';
import { hasCome } from '../shared/calendar.js';
import { cause } from '../shared/cause.js';
import { later } from '../shared/instants.js';
import { reissue, stopBilling } from './subscription.collecting.js';
import type { Cancellation, Dunning, Origin, Refusal, SubscriptionContext } from './subscription.context.js';
import { cancelled, subject } from './subscription.outgoing.js';
import { DECISION_MS, offerEnd, offerFor, shifted } from './subscription.rules.js';
import type { Step, SubscriptionIncoming } from './subscription.step.js';
import type { Discount } from './subscription.values.js';

type Context = SubscriptionContext;
type Event = SubscriptionIncoming;

const requested = (event: Event, from: Origin): Cancellation => {
  assertEvent(event, 'CancelSubscription');
  const { reason, note, requestedBy, mode } = event.data;
  return {
    cancellationId: event.id,
    reason,
    note,
    requestedBy,
    mode,
    requestedAt: event.at,
    from,
    offer: null,
    offerUntil: null,
    effectiveAt: null,
  };
};

/** Offers something to a customer who wants to leave, once in a subscription’s life (S-17). */
export function makeOffer(context: Context, event: Event, { from }: { from: Origin }): Step {
  const wish = requested(event, from);
  const offer = offerFor(wish.reason, from);
  const offerUntil = offerEnd(context, event.at);
  return {
    change: { cancellation: { ...wish, offer, offerUntil }, offerUsed: true, refusal: null },
    send: [{ type: 'RetentionOfferMade', data: { ...subject(context), offer, expiresAt: offerUntil } }],
  };
}

/** Notes the request of a customer who gets no offer (S-20, S-21). */
export const noteRequest = (_context: Context, event: Event, { from }: { from: Origin }): Step => ({
  change: { cancellation: requested(event, from), refusal: null },
});

/** A second request while the offer is open may decline it, and ask for another kind of end (S-19). */
export function insist({ cancellation }: Context, event: Event): Step {
  assertEvent(event, 'CancelSubscription');
  const { mode, note } = event.data;
  return cancellation ? { change: { cancellation: { ...cancellation, mode, note: note ?? cancellation.note } } } : {};
}

/** Asks the provider to end the agreement; its answer names this request (S-20…S-22). */
export function askProvider(context: Context, event: Event): Step {
  const { cancellation, resuming } = context;
  if (!cancellation) return {};
  const request = { ...cancellation, cancellationId: cause(event).id };
  const change = { cancellation: request };
  // A provider that is still to resume the agreement could do so after it has ended it.
  return resuming ? { change } : { change, send: [endOfAgreement(context, request)] };
}

/** The provider has answered a wish to resume: an end that waited for that is asked for now (S-25). */
export function askAfterResumption(context: Context): Step {
  const { cancellation } = context;
  return cancellation ? { send: [endOfAgreement(context, cancellation)] } : {};
}

const endOfAgreement = (context: Context, { cancellationId, mode }: Cancellation) => ({
  type: 'ConfirmCancellation' as const,
  data: { ...subject(context), cancellationId, mode },
});

/** When a confirmed cancellation takes effect: with the paid period, or at once when none is running. */
export function effectiveDate({ cancellation, period, pause }: Context, at: string): string {
  const isRunning = period !== null && pause === null && !hasCome(period.end, at);
  return isRunning && cancellation?.mode === 'period_end' ? period.end : at;
}

/** The end is certain: nothing is billed any more, and everyone is told when it takes effect (S-20, S-21). */
export function scheduleEnd(context: Context, event: Event): Step {
  const { cancellation } = context;
  if (!cancellation) return {};
  const effectiveAt = effectiveDate(context, cause(event).at);
  const { change, send = [] } = stopBilling(context);
  return {
    change: {
      ...change,
      cancellation: { ...cancellation, effectiveAt },
      dunning: null,
      pause: null,
      pendingPlan: null,
    },
    send: [...send, cancelled(context, cancellation, effectiveAt)],
  };
}

/** A debt whose clock stood still since the customer asked to leave. */
function resumedDunning({ dunning, cancellation }: Context, at: string): Dunning | null {
  if (!dunning || !cancellation) return dunning;
  const { requestedAt } = cancellation;
  const stoppedAt = hasCome(requestedAt, dunning.firstFailureAt) ? dunning.firstFailureAt : requestedAt;
  return shifted(dunning, stoppedAt, at);
}

/** The customer stays: everything goes on where it was (S-18, S-22). */
export const goBack = (context: Context, event: Event): Step => ({
  change: { cancellation: null, dunning: resumedDunning(context, cause(event).at) },
});

const better = (held: Discount | null, offered: Discount): Discount =>
  held && held.percent >= offered.percent ? held : offered;

/** The offer is accepted: the discount is for the next invoices, an open debt stays as it is (S-18). */
export function takeOffer(context: Context, event: Event): Step {
  assertEvent(event, 'AcceptOffer');
  const { choice } = event.data;
  const { cancellation, discount } = context;
  const accepted = { type: 'RetentionOfferAccepted' as const, data: { ...subject(context), choice } };
  if (choice !== 'discount' || !cancellation?.offer) return { send: [accepted] };
  const { percent, times } = cancellation.offer.discount;
  const change = { discount: better(discount, { code: null, percent, timesLeft: times }) };
  const hasDebt = cancellation.from !== 'current' && cancellation.from !== 'trialing';
  const anew = hasDebt ? {} : reissue(context);
  return { change: { ...change, ...anew.change }, send: [accepted, ...(anew.send ?? [])] };
}

const refuse = (context: Context, event: Event, reason: Refusal, severity: 'normal' | 'high'): Step => ({
  change: { refusal: { messageId: cause(event).id, reason } },
  send: [{ type: 'CancellationRefused', data: { ...subject(context), reason, severity } }],
});

/** The request is turned down: support contacts the customer (S-23). */
export function turnDown(context: Context, event: Event): Step {
  assertEvent(event, 'CancelSubscription');
  return refuse(context, event, event.data.accountLocked ? 'accountLocked' : 'billingInconsistent', 'normal');
}

/** The provider could not end the agreement, or did not answer: everything stays, a person looks (S-22). */
export const noteProviderFailure = (context: Context, event: Event): Step => {
  const told = refuse(context, event, 'providerFailed', 'high');
  const messageId = context.cancellation?.cancellationId ?? cause(event).id;
  return { ...told, change: { refusal: { messageId, reason: 'providerFailed' } } };
};

/** Takes a scheduled cancellation back; whatever the provider says of its agreement, the customer stays (S-25). */
export const reactivate = (context: Context, event: Event): Step => ({
  change: { cancellation: null, resuming: cause(event).id },
  send: [
    { type: 'ResumeAgreement', data: { ...subject(context), reactivationId: cause(event).id } },
    {
      type: 'SubscriptionReactivated',
      data: { ...subject(context), nextBillingDate: context.period?.end ?? cause(event).at },
    },
  ],
});

/** Access is closed, nothing is planned any more; the customer is invited back (S-16, S-24, S-27, S-29). */
export function closeAccess(context: Context, event: Event, { status }: { status: 'cancelled' | 'expired' }): Step {
  const decisionUntil = later(cause(event).at, DECISION_MS);
  const { change, send = [] } = stopBilling(context);
  return {
    change: { ...change, decisionUntil, dunning: null, suspendedAt: null, pendingPlan: null },
    send: [...send, { type: 'SubscriptionEnded', data: { ...subject(context), status, decisionUntil } }],
  };
}

/** The customer comes back after the end: a new beginning of the same subscription (S-28). */
export function startAnew(context: Context, event: Event): Step {
  assertEvent(event, 'RenewSubscription');
  const { terms, paymentMethod } = event.data;
  return {
    change: {
      terms: terms ?? context.terms,
      paymentMethod: paymentMethod ?? context.paymentMethod,
      methodUsable: paymentMethod !== null || context.methodUsable,
      source: 'renewal',
      startedAt: null,
      period: null,
      onTrial: false,
      coverage: null,
      cancellation: null,
      decisionUntil: null,
      credit: sameCurrency(context, event) ? context.credit : 0,
      reminded: false,
      refusal: null,
    },
  };
}

const sameCurrency = ({ terms: old }: Context, event: Event): boolean => {
  assertEvent(event, 'RenewSubscription');
  const { terms } = event.data;
  if (terms === null || old.kind === 'delivery') return terms === null;
  return terms.kind === 'plan' && terms.plan.price.currency === old.plan.price.currency;
};
