import type { MessageData } from '../index.js';
import type { Address, Allocation, Money, OrderItem, PaymentMethod } from '../shared/values.js';
import type { CancellationReason } from './order.messages.js';

/** The newest payment of an order; an older one has failed for good (O-16). */
export interface OrderPayment {
  readonly paymentId: string;
  /** 1 for the first payment; a new method after a final failure opens the next one. */
  readonly number: number;
  readonly state: 'open' | 'retrying' | 'failed' | 'captured' | 'cancelled' | 'refunding';
  /** Charges that earlier payments of the order used up: with this one's they stay within `MAX_ATTEMPTS`. */
  readonly attemptsBefore: number;
  readonly failure: PaymentFailure | null;
  /** What was captured, when it was. */
  readonly captured: Money | null;
}

/** The last word of a payment on a charge that failed. */
export interface PaymentFailure {
  readonly reason: MessageData<'PaymentFailed'>['failureReason'];
  readonly attemptNumber: number;
  readonly canRetry: boolean;
  readonly methodUsable: boolean;
  readonly nextRetryAt: string | null;
}

/** What the order knows of one of its parcels. */
export interface OrderShipment {
  readonly warehouseId: string;
  readonly status:
    | 'pending'
    | 'manual'
    | 'booked'
    | 'dispatched'
    | 'inTransit'
    | 'deliveryFailed'
    | 'delivered'
    | 'cancelled';
  readonly carrier: string | null;
  readonly trackingNumber: string | null;
}

/** Things that a person should look at; the journal knows when and why. */
export type OrderAlert =
  | 'policyRefused'
  | 'reservationSlow'
  | 'paymentAmountMismatch'
  | 'unexpectedPaymentRefunded'
  | 'fulfilmentLate'
  | 'manualFulfilment'
  | 'dispatchedAfterCancellation';

export interface Cancellation {
  readonly reason: CancellationReason;
  readonly note: string | null;
  readonly requestedBy: 'customer' | 'support' | 'system';
  readonly at: string;
}

export interface OrderContext {
  readonly orderId: string;
  readonly orderNumber: string;
  readonly customerId: string | null;
  readonly subscriptionId: string | null;
  readonly placedAt: string;
  readonly items: readonly OrderItem[];
  readonly subtotal: Money;
  readonly discount: Money;
  readonly tax: Money;
  readonly shipping: Money;
  readonly totalAmount: Money;
  readonly shippingAddress: Address;
  readonly billingAddress: Address;
  readonly shippingMethod: 'standard' | 'express';
  readonly paymentMethod: PaymentMethod;
  readonly checkout: MessageData<'PlaceOrder'>['checkout'];
  /** Held stock while reserving; what is packed, and where, once the payment is complete. */
  readonly allocations: readonly Allocation[];
  /** Ids of the movements that `allocations` adds up, so that none counts twice; empty once nothing is awaited any more. */
  readonly movements: readonly string[];
  /** The hold ended during a charge or a fraud review: the order goes on only if the stock is still there (G-26). */
  readonly holdExpired: boolean;
  readonly payment: OrderPayment | null;
  /** When a held order must have been decided. */
  readonly reviewDueAt: string | null;
  /** Payments whose money this order has sent back. */
  readonly refundedPayments: readonly string[];
  readonly shipments: Readonly<Record<string, OrderShipment>>;
  readonly cancellation: Cancellation | null;
  readonly alerts: readonly OrderAlert[];
}

/** The context of an order that was just placed. */
export function newOrder(placed: { readonly data: MessageData<'PlaceOrder'>; readonly at: string }): OrderContext {
  const { subscriptionId, ...order } = placed.data;
  // Not a spread: what is new behind one costs Node.js 20 microseconds, and each object a hidden class (docs/performance.md).
  return Object.assign({}, order, {
    subscriptionId: subscriptionId ?? null,
    placedAt: placed.at,
    allocations: [],
    movements: [],
    holdExpired: false,
    payment: null,
    reviewDueAt: null,
    refundedPayments: [],
    shipments: {},
    cancellation: null,
    alerts: [],
  });
}

/** The alerts with one more, marked once. */
export const withAlert = ({ alerts }: OrderContext, alert: OrderAlert): readonly OrderAlert[] =>
  alerts.includes(alert) ? alerts : [...alerts, alert];
