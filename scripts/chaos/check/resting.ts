import type { actors } from '../../../src/services/registry.js';

/** What an actor in a state waits for: a timer by its name, whichever timer it has, somebody outside, or nothing, since it is at its end. */
export type WaitsFor = { readonly timer: string } | 'aTimer' | 'somebody' | 'nothing';

/** The states in which actors may be once nothing moves any more; in every other one an actor is stuck. */
const restingStates: Readonly<Record<keyof typeof actors, Readonly<Record<string, WaitsFor>>>> = {
  order: {
    'confirmed.fraudHold': { timer: 'reviewDeadline' },
    'confirmed.paymentRetry': { timer: 'nextRetry' },
    'fulfilling.booked': { timer: 'fulfilmentSla' },
    'fulfilling.manual': { timer: 'fulfilmentSla' },
    'shipped.dispatched': 'somebody',
    'shipped.inTransit': 'somebody',
    'shipped.deliveryException': 'somebody',
    delivered: 'nothing',
    cancelled: 'nothing',
  },
  payment: {
    onHold: { timer: 'reviewDeadline' },
    retryWait: { timer: 'retryDelay' },
    authorized: { timer: 'authorizationLife' },
    completed: 'nothing',
    partiallyRefunded: 'nothing',
    refunded: 'nothing',
    failed: 'nothing',
    cancelled: 'nothing',
  },
  reservation: {
    'confirmed.held': { timer: 'holdEnd' },
    'confirmed.committed': 'somebody',
    'expired.released': 'nothing',
    fulfilled: 'nothing',
    cancelled: 'nothing',
  },
  shipment: {
    bookingFailed: { timer: 'bookingBackoff' },
    manualFulfilment: 'somebody',
    created: 'somebody',
    dispatched: 'somebody',
    inTransit: 'somebody',
    deliveryFailed: 'somebody',
    delivered: 'nothing',
    cancelled: 'nothing',
  },
  subscription: {
    trialing: 'aTimer',
    'active.current': 'aTimer',
    'active.offerPending': 'aTimer',
    'active.cancelling': 'aTimer',
    pastDue: 'aTimer',
    grace: 'aTimer',
    suspended: 'aTimer',
    paused: 'aTimer',
    cancelScheduled: 'aTimer',
    cancelled: 'nothing',
    expired: 'nothing',
    failed: 'nothing',
  },
  invoice: {
    generated: { timer: 'overdue' },
    sent: { timer: 'overdue' },
    overdue: 'somebody',
    paid: 'nothing',
    refunded: 'nothing',
    cancelled: 'nothing',
  },
};

/** What an actor in this state waits for; undefined when it may not stay in it. */
export const waitsFor = (recipient: keyof typeof actors, state: string): WaitsFor | undefined =>
  restingStates[recipient][state];
