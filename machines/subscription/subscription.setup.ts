import { type ActionFunction, assertEvent, enqueueActions, type ParameterizedObject, setup } from 'xstate';
import { hasCome } from '../shared/calendar.js';
import { cause } from '../shared/cause.js';
import { later, msBetween } from '../shared/instants.js';
import * as changing from './subscription.changing.js';
import * as collecting from './subscription.collecting.js';
import {
  at,
  hasFailed,
  isChangeable,
  isFree,
  isInFlight,
  isPeriodOver,
  isRefused,
  isReplaced,
  isRunning,
  pays,
} from './subscription.conditions.js';
import {
  deliveryOf,
  hasUsableMethod,
  type Origin,
  type SubscribeUser,
  type SubscriptionContext,
} from './subscription.context.js';
import * as dunning from './subscription.dunning.js';
import * as leaving from './subscription.leaving.js';
import { type SubscriptionOutgoing, started } from './subscription.outgoing.js';
import {
  CONFIRMATION_MS,
  invoiceDueAt,
  isMovable,
  nextRetryAt,
  RETENTION_MS,
  RETRY_OFFSETS_MS,
  reminderDueAt,
  untilNextDuty,
  WATCH_MS,
} from './subscription.rules.js';
import type { Step, SubscriptionIncoming } from './subscription.step.js';

type Context = SubscriptionContext;
type Incoming = SubscriptionIncoming;

/** A step as an action: its change is assigned, its messages are emitted. */
function take<P extends ParameterizedObject['params'] | undefined = undefined>(
  step: (context: Context, event: Incoming, params: P) => Step,
): ActionFunction<Context, Incoming, Incoming, P, never, never, never, never, SubscriptionOutgoing> {
  return enqueueActions(({ context, event, enqueue }, params: P) => {
    const { change, send = [] } = step(context, event, params);
    if (change) enqueue.assign(change);
    for (const message of send) enqueue.emit(message);
  });
}

const waitsFor = (context: Context, event: { readonly type: string }, instant: string | null): number =>
  isInFlight(context) || instant === null ? WATCH_MS : msBetween(at(event), instant);

/** The words that the subscription’s chart (subscription.machine.ts) is written in: its guards, actions and timers. */
export const subscription = setup({
  types: {
    context: {} as Context,
    input: {} as SubscribeUser,
    events: {} as Incoming,
    emitted: {} as SubscriptionOutgoing,
    meta: {} as { readonly defers?: readonly string[] },
  },
  delays: {
    nextDuty: ({ context, event }) => untilNextDuty(context, at(event)),
    nextRetry: ({ context, event }) => waitsFor(context, event, context.dunning && nextRetryAt(context.dunning)),
    graceEnd: ({ context, event }) => waitsFor(context, event, context.dunning?.graceUntil ?? null),
    retentionEnd: ({ context, event }) =>
      waitsFor(context, event, context.suspendedAt && later(context.suspendedAt, RETENTION_MS)),
    offerEnd: ({ context, event }) => msBetween(at(event), context.cancellation?.offerUntil ?? at(event)),
    confirmationEnd: CONFIRMATION_MS,
    pauseEnd: ({ context, event }) => msBetween(at(event), context.pause?.until ?? at(event)),
    effectiveEnd: ({ context, event }) => msBetween(at(event), context.cancellation?.effectiveAt ?? at(event)),
    decisionEnd: ({ context, event }) => msBetween(at(event), context.decisionUntil ?? at(event)),
  },
  guards: {
    hasTrial: ({ context }) => context.trialDays > 0,

    // What there is to do in a running period.
    isTimeToInvoice: ({ context, event }) => {
      const due = invoiceDueAt(context);
      return due !== null && hasCome(due, at(event));
    },
    isTimeToRemind: ({ context, event }) => {
      const due = reminderDueAt(context);
      return due !== null && hasCome(due, at(event)) && isRunning(context, event);
    },
    /** A plan change that is being charged goes first. */
    isTimeToRenew: ({ context, event }) => isPeriodOver(context, event) && context.change === null,
    isTimeToExpire: ({ context, event }) =>
      isPeriodOver(context, event) && context.change === null && !context.autoRenew,
    isTimeForGrace: ({ context, event }) =>
      isPeriodOver(context, event) && context.change === null && !hasUsableMethod(context) && !isFree(context),

    // What is being collected.
    isChargeReady: ({ context }) => {
      const { bill, cancellation } = context;
      if (!bill?.wanted || bill.attempt || cancellation !== null || !hasUsableMethod(context)) return false;
      return bill.invoiceId === null || (bill.total !== null && bill.total.amount > 0);
    },
    isChangeReady: ({ context }) => {
      const { change, cancellation } = context;
      if (!change?.total || change.attempt || cancellation !== null || !hasUsableMethod(context)) return false;
      return change.total.amount > 0;
    },
    isChangeFree: ({ context: { change } }) => change?.total?.amount === 0,
    isChangeUnpayable: ({ context }) => context.change !== null && !context.change.attempt && !hasUsableMethod(context),
    isInvoiceOfBill: ({ context: { bill }, event }) => {
      assertEvent(event, 'InvoiceGenerated');
      return event.data.status === 'generated' && bill?.invoiceId === event.data.invoiceId && bill.total === null;
    },
    isInvoiceOfChange: ({ context: { change }, event }) => {
      assertEvent(event, 'InvoiceGenerated');
      return event.data.status === 'generated' && change?.invoiceId === event.data.invoiceId && change.total === null;
    },
    isInFlight: ({ context }) => isInFlight(context),
    isFree: ({ context }) => isFree(context),
    lacksMethod: ({ context }) => !isInFlight(context) && !hasUsableMethod(context) && !isFree(context),
    paysBill: ({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      return pays(context.bill, event);
    },
    paysChange: ({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      return pays(context.change, event);
    },
    isUnneededPayment: ({ context, event }) => {
      assertEvent(event, 'PaymentProcessed');
      return event.data.orderId === null && !context.seenPayments.includes(event.data.paymentId);
    },
    failsBill: ({ context, event }) => hasFailed(context.bill, event),
    failsReplaced: ({ context, event }) => hasFailed(context.bill, event) && isReplaced(context),
    failsLastRetry: ({ context, event }) =>
      hasFailed(context.bill, event) &&
      !isReplaced(context) &&
      (context.dunning?.retriesDone ?? 0) >= RETRY_OFFSETS_MS.length,
    failsChange: ({ context, event }) => hasFailed(context.change, event),
    /** The payment or the order will try again by itself. */
    isSetback: ({ context: { bill }, event }) => {
      assertEvent(event, 'PaymentFailed');
      if (!bill?.attempt) return false;
      const { paymentId, orderId, canRetry } = event.data;
      return bill.invoiceId === null ? orderId === bill.attempt.id : paymentId === bill.attempt.id && canRetry;
    },
    isQuoteOfBill: ({ context: { bill }, event }) => {
      assertEvent(event, 'DeliveryQuoted');
      return bill?.attempt?.id === event.data.orderId;
    },
    leavesNothing: ({ context, event }) => {
      assertEvent(event, 'DeliveryQuoted');
      return (
        context.bill?.attempt?.id === event.data.orderId && collecting.composed(context, event)?.items.length === 0
      );
    },
    /** The order of the delivery ended for another reason than its payment: that delivery does not happen. */
    isCalledOff: ({ context: { bill }, event }) => {
      assertEvent(event, 'OrderCancelled');
      return bill?.invoiceId === null && bill.attempt?.id === event.data.orderId;
    },
    /** The order of the delivery was never placed: that delivery does not happen. */
    isOrderOfBill: ({ context: { bill }, event }) => {
      assertEvent(event, 'SubscriptionOrderRefused');
      return bill?.attempt?.id === event.data.orderId;
    },
    isLastRetryDone: ({ context }) =>
      !isInFlight(context) && (context.dunning?.retriesDone ?? 0) >= RETRY_OFFSETS_MS.length,
    /** The last retry is due, and there is nothing to charge. */
    isLastRetryIdle: ({ context }) =>
      !hasUsableMethod(context) && (context.dunning?.retriesDone ?? 0) >= RETRY_OFFSETS_MS.length - 1,
    isRetriable: ({ context, event }) => {
      assertEvent(event, 'RetryInvoice');
      return context.bill?.invoiceId === event.data.invoiceId && !isInFlight(context) && hasUsableMethod(context);
    },

    // What a customer may do.
    mayBeOffered: ({ context, event }) => {
      assertEvent(event, 'CancelSubscription');
      const { requestedBy, offerDecision } = event.data;
      const isAsked = requestedBy === 'customer' && offerDecision !== 'decline';
      return isAsked && !context.offerUsed && !isRefused(context, event);
    },
    mayCancel: ({ context, event }) => !isRefused(context, event),
    /** Who asks once more has answered the offer only when they say so: it may be the same click, or the same message, again. */
    mayInsist: ({ context, event }) => {
      assertEvent(event, 'CancelSubscription');
      const { requestedBy, offerDecision } = event.data;
      return !isRefused(context, event) && (requestedBy !== 'customer' || offerDecision === 'decline');
    },
    mustRefuse: ({ context, event }) => isRefused(context, event),
    isConfirmed: ({ context, event }) => {
      assertEvent(event, ['CancellationConfirmed', 'CancellationRejected']);
      return event.data.cancellationId === context.cancellation?.cancellationId;
    },
    isResumption: ({ context, event }) => {
      assertEvent(event, ['AgreementResumed', 'AgreementNotResumed']);
      return event.data.reactivationId === context.resuming;
    },
    /** A confirmed end that does not wait for anything: asked for so, or no paid period is running. */
    endsNow: ({ context, event }) => {
      assertEvent(event, 'CancellationConfirmed');
      const isOwn = event.data.cancellationId === context.cancellation?.cancellationId;
      return isOwn && hasCome(leaving.effectiveDate(context, event.at), event.at);
    },
    cameFrom: ({ context }, origin: Origin) => context.cancellation?.from === origin,
    acceptsPause: ({ context: { cancellation }, event }) => {
      assertEvent(event, 'AcceptOffer');
      return event.data.choice === 'pause' && typeof cancellation?.offer?.pauseDays === 'number';
    },
    acceptsAndCameFrom: ({ context: { cancellation }, event }, origin: Origin) => {
      assertEvent(event, 'AcceptOffer');
      return event.data.choice !== 'pause' && cancellation?.from === origin;
    },
    isBeforeEnd: ({ context: { cancellation }, event }) => {
      const end = cancellation?.effectiveAt;
      return typeof end === 'string' && !hasCome(end, at(event));
    },
    isBeforeTrialEnd: ({ context: { cancellation, onTrial }, event }) => {
      const end = cancellation?.effectiveAt;
      return onTrial && typeof end === 'string' && !hasCome(end, at(event));
    },
    mayRenew: ({ context, event }) => {
      assertEvent(event, 'RenewSubscription');
      const { decisionUntil } = context;
      const isOpen = decisionUntil !== null && !hasCome(decisionUntil, event.at);
      return isOpen && (event.data.paymentMethod !== null || hasUsableMethod(context));
    },
    isRunning: ({ context, event }) => isRunning(context, event),
    isPausable: ({ context, event }) => {
      assertEvent(event, 'PauseSubscription');
      const { until } = event.data;
      const fits = until === null || (!hasCome(until, event.at) && hasCome(until, changing.longestPause(event.at)));
      return fits && isRunning(context, event);
    },
    isUpgradeNow: ({ context, event }) =>
      isChangeable(context, event) && changing.isDearer(context, event) && hasUsableMethod(context),
    isChangeLater: ({ context, event }) => {
      if (!isChangeable(context, event) || changing.isDearer(context, event)) return false;
      return context.pendingPlan !== null || !changing.isSamePlan(context, event);
    },
    isSkippableDelivery: ({ context, event }) =>
      deliveryOf(context) !== null && isRunning(context, event) && context.skippedBy !== cause(event).id,
    isMovableDelivery: ({ context, event }) => {
      assertEvent(event, 'MoveDelivery');
      return (
        deliveryOf(context) !== null && isRunning(context, event) && isMovable(context, event.data.deliverAt, event.at)
      );
    },
    isSameCurrency: ({ context, event }) => {
      assertEvent(event, ['ChangeQuantities', 'ApprovePrices']);
      const currency = deliveryOf(context)?.currency;
      const prices =
        event.type === 'ChangeQuantities'
          ? event.data.items.map(({ agreedUnitPrice }) => agreedUnitPrice)
          : event.data.prices.map(({ unitPrice }) => unitPrice);
      return prices.every((price) => price.currency === currency);
    },
  },
  actions: {
    startTrial: take((context, event) => {
      const start = at(event);
      const end = later(start, context.trialDays * 86_400_000);
      return { change: { period: { start, end }, onTrial: true, anchor: end, nextIndex: 0, startedAt: start } };
    }),
    announceStart: take((context, event) => ({ send: [started(context, at(event))] })),

    beginFirstPeriod: take(collecting.beginFirstPeriod),
    prepareBill: take(collecting.prepareBill),
    demandBill: take(collecting.demandBill),
    noteInvoice: take(collecting.noteInvoice),
    charge: take(collecting.charge),
    placeDelivery: take(collecting.placeDelivery),
    settle: take<{ as: 'first' | 'renewal' | 'revival' }>(collecting.settle),
    fail: take(dunning.fail),
    noteSetback: take(dunning.noteSetback),
    giveUp: take(dunning.giveUp),
    useRetry: take(dunning.useRetry),
    requestCharge: take(dunning.requestCharge),
    startGrace: take(dunning.startGrace),
    stopBilling: take(collecting.stopBilling),
    suspend: take(dunning.suspend),
    sendBack: take(collecting.sendBack),

    makeOffer: take<{ from: Origin }>(leaving.makeOffer),
    noteRequest: take<{ from: Origin }>(leaving.noteRequest),
    insist: take(leaving.insist),
    askProvider: take(leaving.askProvider),
    askAfterResumption: take(leaving.askAfterResumption),
    scheduleEnd: take(leaving.scheduleEnd),
    goBack: take(leaving.goBack),
    takeOffer: take(leaving.takeOffer),
    turnDown: take(leaving.turnDown),
    noteProviderFailure: take(leaving.noteProviderFailure),
    reactivate: take(leaving.reactivate),
    noteResumption: take(() => ({ change: { resuming: null } })),
    closeAccess: take<{ status: 'cancelled' | 'expired' }>(leaving.closeAccess),
    closeDecision: take(() => ({ change: { decisionUntil: null } })),
    startAnew: take(leaving.startAnew),

    keepMethod: take(changing.keepMethod),
    forgetMethod: take(changing.forgetMethod),
    noteAutoRenewal: take(changing.noteAutoRenewal),
    setAutoRenewal: take(changing.setAutoRenewal),
    remind: take(changing.remind),
    startUpgrade: take(changing.startUpgrade),
    noteChangeInvoice: take(changing.noteChangeInvoice),
    chargeChange: take(changing.chargeChange),
    migrate: take(changing.migrate),
    dropChange: take(changing.dropChange),
    planLater: take(changing.planLater),
    pauseOnRequest: take((context, event) => {
      assertEvent(event, 'PauseSubscription');
      return changing.startPause(context, event, event.data.until ?? changing.longestPause(event.at));
    }),
    pauseAsOffered: take((context, event) => {
      const pauseDays = context.cancellation?.offer?.pauseDays ?? 0;
      return changing.startPause(context, event, later(at(event), pauseDays * 86_400_000));
    }),
    endPause: take(changing.endPause),
    skipDelivery: take(changing.skipDelivery),
    moveDelivery: take(changing.moveDelivery),
    changeQuantities: take(changing.changeQuantities),
    approvePrices: take(changing.approvePrices),
  },
});
