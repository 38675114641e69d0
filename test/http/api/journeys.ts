import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { OrderView } from '../../../src/http/orderViews.js';
import type { Shop } from '../shop.js';
import { orderBody } from './orderBodies.js';

/** Places an order and waits, `wait` seconds at most, until it is settled for now. */
export async function placeOrder(shop: Shop, change: object = {}, wait = 10): Promise<OrderView> {
  const answer = await shop.request('post', '/v1/orders').set('Prefer', `wait=${wait}`).send(orderBody(change));
  expect(answer.status, answer.text).to.equal(201);
  return answer.body;
}

export async function readOrder(shop: Shop, id: string): Promise<OrderView> {
  return (await shop.request('get', `/v1/orders/${id}`)).body;
}

/** Waits until an order is as wanted. */
export async function until(
  shop: Shop,
  id: string,
  reached: (order: OrderView) => boolean,
  patienceMs = 6_000,
): Promise<OrderView> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const order = await readOrder(shop, id);
    if (reached(order)) return order;
    if (performance.now() > deadline) throw new Error(`after ${patienceMs} ms the order is ${JSON.stringify(order)}`);
    await sleep(30);
  }
}

/** An order that is paid and whose parcel has its label. */
export async function bookedOrder(shop: Shop): Promise<OrderView> {
  const { id } = await placeOrder(shop);
  return until(shop, id, ({ state }) => state === 'fulfilling.booked');
}
