import type { OrderContext } from '../../machines/order/order.context.js';
import type { PaymentContext } from '../../machines/payment/payment.context.js';
import type { ReservationContext } from '../../machines/reservation/reservation.machine.js';
import { unshipped } from '../../machines/reservation/reservation.rules.js';
import type { ShipmentContext } from '../../machines/shipment/shipment.machine.js';
import { fold } from '../../src/runtime/fold.js';
import type { Actor } from '../../src/runtime/ports.js';
import { netOf } from './bank.js';
import { checkLives } from './lifeInvariants.js';
import type { Town } from './town.js';
import { demand, type StoredActor } from './world.js';

/** Where an actor may be when nothing is armed any more: at an end, or waiting for a person. */
const restingStates: Readonly<Record<string, RegExp>> = {
  order: /^(cancelled|delivered|shipped\..*|fulfilling\.(booked|manual))$/,
  payment: /^(completed|partiallyRefunded|refunded|failed|cancelled)$/,
  reservation: /^(fulfilled|cancelled|confirmed\.committed)$/,
  shipment: /^(created|manualFulfilment|dispatched|inTransit|deliveryFailed|delivered|cancelled)$/,
  subscription: /^(cancelled|expired|failed)$/,
  invoice: /^(paid|refunded|cancelled)$/,
};

/**
 * Checks a town where nothing is left to happen.
 * @throws {Violation} naming the first promise that is broken
 */
export function checkTown(town: Town): void {
  checkMailboxes(town);
  checkRest(town);
  checkMoney(town);
  checkStock(town);
  checkParcels(town);
  checkLives(town);
  checkJournals(town);
}

/** Nothing waits that nobody will ever take. */
function checkMailboxes({ world }: Town): void {
  for (const mails of world.mailboxes.values())
    for (const mail of mails) demand(false, `${mail.type} waits for ${world.nameOf(mail)} for ever`);
  for (const reason of world.ignored) demand(!reason.includes('there is no such'), `a message to nobody: ${reason}`);
}

/** Money whose refund the bank has refused waits for a person, wherever the payment was. */
const isRefundReview = ({ recipient, context }: StoredActor): boolean =>
  recipient === 'payment' && (context as PaymentContext).refunds.some(({ status }) => status === 'failed');

/** Every actor is at an end or waits for a person. */
function checkRest({ world }: Town): void {
  for (const actor of world.actors.values()) {
    const rests = restingStates[actor.recipient]?.test(actor.state) ?? false;
    demand(
      rests || isRefundReview(actor),
      `${world.nameOf(actor)} is stuck in ${actor.state}: nothing is armed that could move it`,
    );
  }
  for (const { id, context } of world.all<OrderContext>('order'))
    for (const parcel of Object.keys(context.shipments))
      demand(world.actors.has(`shipment/${parcel}`), `order ${id} waits for a parcel that does not exist`);
}

/** The bank's books say of every payment and order what their snapshots say. */
function checkMoney({ world, bank }: Town): void {
  const taken = new Set<string>();
  for (const { key, state } of bank.books) {
    demand(state !== 'taken' || !taken.has(key), `money was taken twice under the key ${key}`);
    if (state === 'taken') taken.add(key);
    demand(state !== 'held', `the bank holds money under ${key} that nobody wants any more`);
  }
  const paidFor = new Map<string, number>();
  const isDisputed = new Set<string>();
  for (const { id, state, context } of world.all<PaymentContext>('payment')) {
    const charges = bank.books.filter(({ metadata }) => metadata.paymentId === id);
    const net = charges.reduce((sum, charge) => sum + netOf(charge), 0);
    const name = world.nameOf({ recipient: 'payment', actorId: id });
    const known = (context.charge?.amount ?? 0) - context.refunded;
    demand(net === known, `${name} is ${state} and knows of ${known}, the bank of ${net}`);
    demand(charges.filter((charge) => charge.state === 'taken').length <= 1, `${name} was charged twice`);
    if (context.refunds.some(({ status }) => status === 'failed')) isDisputed.add(context.orderId ?? id);
    else if (/failed|cancelled|^refunded/.test(state))
      demand(net === 0, `${name} is ${state} and the bank keeps ${net}`);
    if (context.orderId !== null) paidFor.set(context.orderId, (paidFor.get(context.orderId) ?? 0) + net);
  }
  for (const { id, state, context } of world.all<OrderContext>('order')) {
    if (isDisputed.has(id)) continue;
    const net = paidFor.get(id) ?? 0;
    const name = world.nameOf({ recipient: 'order', actorId: id });
    if (state === 'cancelled') demand(net === 0, `${name} is cancelled and has cost ${net}`);
    else demand(net <= context.totalAmount.amount, `${name} costs ${context.totalAmount.amount} and was paid ${net}`);
    const goodwill = world
      .all<PaymentContext>('payment')
      .filter((payment) => payment.context.orderId === id)
      .reduce((sum, payment) => sum + payment.context.refunded, 0);
    const isPaid = state === 'cancelled' || net + goodwill >= context.totalAmount.amount;
    demand(isPaid, `${name} is ${state} and only ${net} of ${context.totalAmount.amount} was paid`);
  }
}

/** Shelves, movements and reservations tell the same. */
function checkStock({ world, stock }: Town): void {
  const held = new Map<string, number>();
  for (const { state, context } of world.all<ReservationContext>('reservation')) {
    if (!state.startsWith('confirmed')) continue;
    for (const { stockItemId, quantity } of unshipped(context.allocations, context.shippedWarehouses))
      held.set(stockItemId, (held.get(stockItemId) ?? 0) + quantity);
  }
  for (const { stockItemId, onHand, reserved, sku, warehouseCode } of stock.items) {
    const name = `${sku} in ${warehouseCode}`;
    demand(reserved >= 0 && onHand >= reserved, `${name}: ${onHand} on hand, ${reserved} reserved`);
    const promised = held.get(stockItemId) ?? 0;
    demand(reserved === promised, `${name}: ${reserved} reserved, reservations hold ${promised}`);
    const moved = stock.movements.filter((movement) => movement.stockItemId === stockItemId);
    const sum = moved.reduce((total, { reservedChange }) => total + reservedChange, 0);
    demand(sum === reserved, `${name}: ${reserved} reserved, the movements add up to ${sum}`);
  }
}

/** A parcel has the labels that it should have, and what left the house is what was sold. */
function checkParcels({ world, parcels, stock }: Town): void {
  for (const { id, state } of world.all<ShipmentContext>('shipment')) {
    const live = [...parcels.labels.values()].filter((label) => label.shipmentId === id && !label.isVoid).length;
    const name = world.nameOf({ recipient: 'shipment', actorId: id });
    demand(live <= 1, `${name} has ${live} labels`);
    demand(state !== 'cancelled' || live === 0, `${name} is cancelled and has a label`);
  }
  const gone = world
    .all<ShipmentContext>('shipment')
    .filter(({ state }) => /dispatched|inTransit|deliver/.test(state))
    .flatMap(({ context }) => context.items)
    .reduce((sum, { quantity }) => sum + quantity, 0);
  const shipped = stock.movements.reduce((sum, { onHandChange }) => sum - onHandChange, 0);
  demand(gone === shipped, `parcels took ${gone} units along, stock says ${shipped}`);
}

/** Every journal folds to its actor's snapshot, byte for byte, and to what the actor said. */
function checkJournals({ world }: Town): void {
  for (const { recipient, actorId, snapshot, journal, said } of world.actors.values()) {
    const folded = fold(world.participant(recipient) as Actor, JSON.parse(JSON.stringify(journal)));
    const name = world.nameOf({ recipient, actorId });
    demand(JSON.stringify(folded?.snapshot) === snapshot, `the journal of ${name} folds to another snapshot`);
    demand(JSON.stringify(folded?.emitted) === JSON.stringify(said), `the journal of ${name} folds to other messages`);
  }
}
