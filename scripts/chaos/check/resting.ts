/** What an actor in a state waits for: a timer by its name, somebody outside, or nothing, since it is at its end. */
export type WaitsFor = { readonly timer: string } | 'somebody' | 'nothing';

/** The states in which actors may be once nothing moves any more; in every other one an actor is stuck. */
const restingStates: Readonly<Record<string, Readonly<Record<string, WaitsFor>>>> = {
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
};

/** What an actor in this state waits for; undefined when it may not stay in it. */
export const waitsFor = (recipient: string, state: string): WaitsFor | undefined => restingStates[recipient]?.[state];
