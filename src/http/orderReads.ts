import type { Kysely } from 'kysely';
import type { OrderContext } from '../../machines/order/order.context.js';
import type { Database } from '../db/tables.js';
import { readActor } from './actorRows.js';
import { checkIfMatch, entityTag } from './etag.js';
import { orderSchema } from './orderSchemas.js';
import { type OrderView, type StoredOrder, viewOrders } from './orderViews.js';
import { problem } from './problem.js';
import type { Answer, Call } from './route.js';

/** The answer of every route that shows one order. */
export const answersOrder = {
  200: { description: 'The order as it is now.', schema: orderSchema, headers: ['ETag'] },
} as const;

/** @throws HttpProblem NOT_FOUND */
export async function storedOrderOf(db: Kysely<Database>, orderId: string): Promise<StoredOrder> {
  const order = await readActor<OrderContext>(db, 'orders.orders', orderId);
  if (!order) throw problem('NOT_FOUND', 'There is no such order.');
  return order;
}

/** @throws HttpProblem NOT_FOUND */
export async function readOrder(db: Kysely<Database>, orderId: string): Promise<OrderView> {
  const [view] = await viewOrders(db, [await storedOrderOf(db, orderId)]);
  return view as OrderView;
}

/**
 * Checks that an order exists and is at the version that the client has seen, if it says one.
 * @throws HttpProblem NOT_FOUND, PRECONDITION_FAILED
 */
export async function expectOrder(
  db: Kysely<Database>,
  { ifMatch, repeated }: Pick<Call, 'ifMatch' | 'repeated'>,
  orderId: string,
): Promise<StoredOrder> {
  const order = await storedOrderOf(db, orderId);
  // The first request under the key may itself have moved the version on.
  if (!repeated) checkIfMatch(ifMatch, order.version);
  return order;
}

/** Answers with an order. */
export const answerOrder = (order: OrderView): Answer => ({
  status: 200,
  headers: { ETag: entityTag(order.version) },
  body: order,
});
