import type { Kysely } from 'kysely';
import type { Histogram } from 'prom-client';
import type { OrderContext } from '../../machines/order/order.context.js';
import type { Database } from '../db/tables.js';
import type { Accepted, Acceptor } from '../runtime/accept.js';
import { readActor } from './actorRows.js';
import { type Checkout, createCheckout } from './checkout.js';
import { send } from './command.js';
import { entityTag } from './etag.js';
import { readOrder } from './orderReads.js';
import { orderSchema, type PlaceOrderBody, placeOrderBody } from './orderSchemas.js';
import { type OrderView, type StoredOrder, viewOrder } from './orderViews.js';
import { type Answer, type Call, type Route, route } from './route.js';
import type { Waiter } from './waiters.js';

/** What placing an order works with. */
export interface PlaceOrderDeps {
  readonly db: Kysely<Database>;
  readonly acceptor: Acceptor;
  readonly waiter: Waiter;
  readonly orderCreation: Pick<Histogram, 'observe'>;
}

/** `POST /v1/orders` (O-01, O-02). */
export function placeOrderRoute(deps: PlaceOrderDeps): Route {
  const checkout = createCheckout(deps.db);
  return route(
    {
      method: 'post',
      path: '/v1/orders',
      operationId: 'placeOrder',
      tag: 'Orders',
      scope: 'orders:write',
      summary: 'Place an order',
      description:
        'Prices are ours. The answer comes as soon as the order is accepted; with `Prefer: wait=5` it waits until the order is paid, cancelled or on hold.',
      body: placeOrderBody,
      example: {
        items: [{ productId: '01900000-0000-7000-8000-500000000001', quantity: 2 }],
        currency: 'USD',
        shippingAddress: {
          street: '1 Market St',
          city: 'San Francisco',
          state: 'CA',
          postalCode: '94105',
          country: 'US',
        },
        payment: { method: { type: 'card', token: 'pm_card_visa' } },
      },
      understands: ['Prefer'],
      responses: { 201: { description: 'The accepted order.', schema: orderSchema, headers: ['Location', 'ETag'] } },
      problems: [
        'PRICE_MISMATCH',
        'UNKNOWN_PRODUCT',
        'UNKNOWN_CUSTOMER',
        'UNSUPPORTED_CURRENCY',
        'UNSUPPORTED_COUNTRY',
        'ORDER_TOO_LARGE',
        'RATE_LIMITED',
      ],
    },
    async (call) => {
      const placed = (await placedBefore(deps, call)) ?? (await placeOrder(deps, checkout, call));
      deps.orderCreation.observe((performance.now() - call.startedAt) / 1000);
      if (call.wait === null) return created(viewOrder(placed));
      await deps.waiter.settled('order', placed.id, call.wait * 1000, call.gone());
      const applied = { 'Preference-Applied': `wait=${call.wait}` };
      return created(await readOrder(deps.db, placed.id), applied);
    },
  );
}

type PlaceCall = Call<unknown, unknown, PlaceOrderBody>;

/** The order that an earlier request under the same idempotency key has placed. */
async function placedBefore({ db }: PlaceOrderDeps, call: PlaceCall): Promise<StoredOrder | undefined> {
  return call.repeated ? readActor<OrderContext>(db, 'orders.orders', call.resourceId) : undefined;
}

async function placeOrder(deps: PlaceOrderDeps, checkout: Checkout, call: PlaceCall): Promise<StoredOrder> {
  const order = await checkout(call);
  const accepted = await send(deps, call, order.orderId, 'PlaceOrder', order);
  return storedOrder(order.orderId, accepted);
}

/** The order as the drain has stored it. */
function storedOrder(id: string, { state, version, snapshot }: Accepted): StoredOrder {
  if (state === null || version === null || !snapshot) throw new Error(`order ${id} was accepted and is not there`);
  const context = snapshot.context as unknown as OrderContext;
  return { id, version, state, context, createdAt: context.placedAt, updatedAt: context.placedAt };
}

const created = (order: OrderView, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 201,
  headers: { Location: `/v1/orders/${order.id}`, ETag: entityTag(order.version), ...headers },
  body: order,
});
