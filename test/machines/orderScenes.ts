import type { EventFromLogic } from 'xstate';
import { orderMachine } from '../../machines/order/order.machine.js';
import { at, given, id, type Scene } from './given.js';
import {
  complete,
  failed,
  lamp,
  mug,
  parcel,
  placed,
  processed,
  reno,
  reserved,
  review,
  york,
} from './orderMessages.js';

export type Order = Scene<typeof orderMachine>;
export type OrderEvent = EventFromLogic<typeof orderMachine>;

/** A scene is told once and never changes, so that every use of it has the same ids. */
function scene(tell: () => Order): () => Order {
  let told: Order | undefined;
  return () => {
    told ??= tell();
    return told;
  };
}

export function paymentOf(order: Order): string {
  if (order.context.payment === null) throw new Error('no payment was opened');
  return order.context.payment.paymentId;
}

/** The order after news of its newest payment. */
export const told = (order: Order, news: (paymentId: string) => OrderEvent) => order.when(news(paymentOf(order)));

export const one = (productId: string, warehouseId: string, quantity = 1) => ({
  productId,
  stockItemId: id(`${productId} in ${warehouseId}`),
  warehouseId,
  quantity,
});
export const fromOne = [one(mug, reno, 2), one(lamp, reno)];
export const fromTwo = [one(mug, york, 2), one(lamp, reno)];
export const deadMethod = { failureReason: 'expired_card', canRetry: false, methodUsable: false } as const;

export const reserving = scene(() => given(orderMachine, placed()));
export const awaitingPayment = scene(() => reserving().when(reserved(mug, 2), reserved(lamp, 1)));
export const fraudHold = scene(() => told(awaitingPayment(), review));
export const retrying = scene(() => told(awaitingPayment(), (pid) => failed(pid, { nextRetryAt: at(11) })));
export const needsMethod = scene(() => told(awaitingPayment(), (pid) => failed(pid, deadMethod)));
export const paid = scene(() => told(awaitingPayment(), processed));
export const awaitingShipment = scene(() => told(paid(), (pid) => complete(pid, fromOne)));
export const twoParcels = scene(() => told(paid(), (pid) => complete(pid, fromTwo)));
export const booked = scene(() => awaitingShipment().when(first(awaitingShipment()).created()));
export const shipped = scene(() => booked().when(first(booked()).dispatched()));

export const parcels = (order: Order) => Object.keys(order.context.shipments).map(parcel);
/** The order's only parcel, or its first of two. */
export const first = (order: Order) => parcels(order)[0] as ReturnType<typeof parcel>;
export const second = (order: Order) => parcels(order)[1] as ReturnType<typeof parcel>;

/** What an order that just ended says of its end. */
export const cancellationOf = (order: Order) => order.sent('OrderCancelled')[0];
