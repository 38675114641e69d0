/**
 * The stock of one order, from the first hold to the last parcel: domain.md 8.5, rows V-01…V-08; R-10…R-12; G-26.
 *
 * The machine decides; the stock handler counts. Its answer comes in the transaction of the question, so states that wait
 * for it keep a cancellation until it is there, and what was held by then is given back.
 */
import { assertEvent, assign, emit, setup } from 'xstate';
import type { FlowmartOutgoing, FlowmartReceived } from '../index.js';
import { cause } from '../shared/cause.js';
import { later, msBetween } from '../shared/instants.js';
import type { Address, Allocation } from '../shared/values.js';
import {
  allocationsOf,
  extendedExpiry,
  HOLD_MS,
  linesOf,
  type ReservationLine,
  unshipped,
} from './reservation.rules.js';

export interface ReservationContext {
  readonly orderId: string;
  readonly lines: readonly ReservationLine[];
  readonly destination: Address;
  readonly allocations: readonly Allocation[];
  /** When the stock was first held; the cap of payment retries counts from here. */
  readonly heldAt: string | null;
  /** When the hold ends; null before it begins and once the stock is sold. */
  readonly expiresAt: string | null;
  readonly paymentId: string | null;
  readonly shippedWarehouses: readonly string[];
}

const extended = (
  { heldAt, expiresAt }: ReservationContext,
  { until, cause: why }: FlowmartReceived<'ExtendHold'>['data'],
): string | null => (heldAt && expiresAt ? extendedExpiry({ heldAt, expiresAt, until, cause: why }) : expiresAt);

const remaining = ({ allocations, shippedWarehouses }: ReservationContext): Allocation[] =>
  unshipped(allocations, shippedWarehouses);

export const reservationMachine = setup({
  types: {
    context: {} as ReservationContext,
    input: {} as FlowmartReceived<'OrderConfirmed'>,
    events: {} as FlowmartReceived<
      | 'StockAllocated'
      | 'StockInsufficient'
      | 'ExtendHold'
      | 'PaymentProcessed'
      | 'OrderCancelled'
      | 'ShipmentDispatched'
    >,
    emitted: {} as FlowmartOutgoing<
      'AllocateStock' | 'CommitStock' | 'ReleaseStock' | 'ShipStock' | 'StockCommitted' | 'ReservationExpired'
    >,
    meta: {} as { defers?: readonly string[] },
  },
  delays: {
    holdEnd: ({ context, event }) => msBetween(cause(event).at, context.expiresAt ?? cause(event).at),
  },
  guards: {
    prolongsHold: ({ context, event }) => {
      assertEvent(event, 'ExtendHold');
      return extended(context, event.data) !== context.expiresAt;
    },
    isFirstPayment: ({ context }) => context.paymentId === null,
    holdsStockOfParcel: ({ context, event }) => {
      assertEvent(event, 'ShipmentDispatched');
      return allocationsOf(event.data.warehouseId, remaining(context)).length > 0;
    },
    isAllShipped: ({ context }) => remaining(context).length === 0,
  },
  actions: {
    askForStock: emit(({ context: { orderId, destination, lines } }) => ({
      type: 'AllocateStock',
      data: { orderId, destination, lines: [...lines] },
    })),
    keepAllocations: assign(({ event }) => {
      assertEvent(event, 'StockAllocated');
      return { allocations: event.data.allocations };
    }),
    startHold: assign(({ event: { at } }) => ({ heldAt: at, expiresAt: later(at, HOLD_MS) })),
    prolongHold: assign(({ context, event }) => {
      assertEvent(event, 'ExtendHold');
      return { expiresAt: extended(context, event.data) };
    }),
    notePayment: assign(({ event }) => {
      assertEvent(event, 'PaymentProcessed');
      return { paymentId: event.data.paymentId };
    }),
    endHold: assign({ expiresAt: null }),
    commitStock: emit(({ context }) => ({
      type: 'CommitStock',
      data: { orderId: context.orderId, allocations: [...context.allocations] },
    })),
    announceCommitted: emit(({ context: { orderId, paymentId, allocations } }) => {
      if (paymentId === null) throw new Error(`The stock of order ${orderId} was committed without a payment`);
      return { type: 'StockCommitted', data: { orderId, paymentId, allocations: [...allocations] } };
    }),
    releaseExpired: emit(({ context }) => ({
      type: 'ReleaseStock',
      data: { orderId: context.orderId, allocations: remaining(context), reason: 'reservation_expired' },
    })),
    release: emit(({ context }) => ({
      type: 'ReleaseStock',
      data: { orderId: context.orderId, allocations: remaining(context), reason: 'reservation_released' },
    })),
    announceExpired: emit(({ context, event }) => ({
      type: 'ReservationExpired',
      data: { orderId: context.orderId, expiredAt: cause(event).at },
    })),
    shipStock: emit(({ context, event }) => {
      assertEvent(event, 'ShipmentDispatched');
      const allocations = allocationsOf(event.data.warehouseId, remaining(context));
      return { type: 'ShipStock', data: { orderId: context.orderId, allocations } };
    }),
    noteParcel: assign(({ context, event }) => {
      assertEvent(event, 'ShipmentDispatched');
      return { shippedWarehouses: [...context.shippedWarehouses, event.data.warehouseId] };
    }),
  },
}).createMachine({
  id: 'reservation',
  context: ({ input: { data } }) => ({
    orderId: data.orderId,
    lines: linesOf(data.orderItems),
    destination: data.shippingAddress,
    allocations: [],
    heldAt: null,
    expiresAt: null,
    paymentId: null,
    shippedWarehouses: [],
  }),
  initial: 'pending',
  states: {
    pending: {
      entry: 'askForStock', // V-01
      meta: { defers: ['OrderCancelled'] }, // V-07
      on: {
        StockAllocated: { target: 'confirmed', actions: ['keepAllocations', 'startHold'] }, // V-02
        StockInsufficient: 'cancelled', // V-03
      },
    },
    confirmed: {
      initial: 'held',
      on: {
        OrderCancelled: { target: 'cancelled', actions: ['release', 'endHold'] }, // V-07
      },
      states: {
        held: {
          after: { holdEnd: { target: '#reservation.expired', actions: ['releaseExpired', 'announceExpired'] } }, // V-06
          on: {
            // Entered anew, so that the timer is armed anew.
            ExtendHold: { guard: 'prolongsHold', target: 'held', reenter: true, actions: 'prolongHold' }, // V-04
            PaymentProcessed: { target: 'committed', actions: 'notePayment' }, // V-05
          },
        },
        committed: {
          entry: ['endHold', 'commitStock', 'announceCommitted'], // V-05
          on: {
            ShipmentDispatched: { guard: 'holdsStockOfParcel', actions: ['shipStock', 'noteParcel'] }, // V-08
          },
          always: { guard: 'isAllShipped', target: '#reservation.fulfilled' }, // V-08
        },
      },
    },
    expired: {
      entry: 'endHold',
      initial: 'released',
      states: {
        released: {
          on: {
            PaymentProcessed: { guard: 'isFirstPayment', target: 'reallocating', actions: 'notePayment' }, // G-26
            OrderCancelled: '#reservation.cancelled',
          },
        },
        /** The customer paid too late: their stock is taken again if it is still there. */
        reallocating: {
          entry: 'askForStock',
          meta: { defers: ['OrderCancelled'] },
          on: {
            StockAllocated: { target: '#reservation.confirmed.committed', actions: 'keepAllocations' }, // G-26
            // Inventory says OutOfStock, and Orders cancels and refunds.
            StockInsufficient: 'released', // G-26
          },
        },
      },
    },
    fulfilled: { type: 'final' },
    cancelled: { type: 'final' },
  },
});
