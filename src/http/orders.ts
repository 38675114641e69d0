import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import type { OrderContext } from '../../machines/order/order.context.js';
import type { PaymentContext } from '../../machines/payment/payment.context.js';
import { listActors, readActor } from './actorRows.js';
import { orderCommandRoutes } from './orderCommands.js';
import { answerOrder, answersOrder, readOrder, storedOrderOf } from './orderReads.js';
import { orderSchema, paymentStatusSchema, restStatus } from './orderSchemas.js';
import { type StoredOrder, viewOrders } from './orderViews.js';
import { pageOf, reach } from './page.js';
import { orderPaymentStatus } from './paymentViews.js';
import { type PlaceOrderDeps, placeOrderRoute } from './placeOrder.js';
import { type Route, route } from './route.js';
import { pageQuery, pageSchema, uuidSchema } from './schemas.js';
import { readTimeline, timelineOf } from './timeline.js';

const params = z.strictObject({ orderId: uuidSchema });

/** `/v1/orders`. */
export const orderRoutes = (deps: PlaceOrderDeps): Route[] => [
  placeOrderRoute(deps),
  listOrdersRoute(deps),
  getOrderRoute(deps),
  ...orderCommandRoutes(deps),
  paymentStatusRoute(deps),
  timelineRoute(deps),
];

const listOrdersRoute = ({ db }: PlaceOrderDeps): Route =>
  route(
    {
      method: 'get',
      path: '/v1/orders',
      operationId: 'listOrders',
      tag: 'Orders',
      scope: 'orders:read',
      summary: 'List orders, newest first',
      query: z.strictObject({
        status: restStatus.optional(),
        customerId: uuidSchema.optional(),
        subscriptionId: uuidSchema.optional(),
        ...pageQuery,
      }),
      responses: { 200: { description: 'A page of orders.', schema: pageSchema(orderSchema) } },
    },
    async ({ query }) => {
      const conditions: RawBuilder<unknown>[] = [sql`true`];
      if (query.customerId) conditions.push(sql`customer_id = ${query.customerId}`);
      if (query.subscriptionId) conditions.push(sql`subscription_id = ${query.subscriptionId}`);
      if (query.status) conditions.push(sql`rest_status = ${query.status}`);
      const where = sql.join(conditions, sql` and `);
      const rows = await listActors<OrderContext>(db, 'orders.orders', where, reach(query));
      const views = new Map((await viewOrders(db, rows)).map((view) => [view.id, view]));
      return {
        status: 200,
        body: pageOf(
          rows,
          query,
          ({ position }) => position,
          ({ id }) => views.get(id),
        ),
      };
    },
  );

const getOrderRoute = ({ db }: PlaceOrderDeps): Route =>
  route(
    {
      method: 'get',
      path: '/v1/orders/{orderId}',
      operationId: 'getOrder',
      tag: 'Orders',
      scope: 'orders:read',
      summary: 'Read an order',
      params,
      responses: answersOrder,
      problems: ['NOT_FOUND'],
    },
    async (call) => answerOrder(await readOrder(db, call.params.orderId)),
  );

const paymentStatusRoute = ({ db }: PlaceOrderDeps): Route =>
  route(
    {
      method: 'get',
      path: '/v1/orders/{orderId}/payment-status',
      operationId: 'getOrderPaymentStatus',
      tag: 'Orders',
      scope: 'payments:read',
      summary: 'Read how far the payment of an order is',
      params,
      responses: { 200: { description: 'The status, and when it was read.', schema: paymentStatusSchema } },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const order = await storedOrderOf(db, call.params.orderId);
      const { payment } = order.context;
      const stored = payment && (await readActor<PaymentContext>(db, 'payments.payments', payment.paymentId));
      return { status: 200, body: orderPaymentStatus(order, stored ?? undefined) };
    },
  );

const timelineRoute = ({ db }: PlaceOrderDeps): Route =>
  route(
    {
      method: 'get',
      path: '/v1/orders/{orderId}/timeline',
      operationId: 'getOrderTimeline',
      tag: 'Orders',
      scope: 'orders:read',
      summary: 'Read everything that happened to an order, and why',
      description:
        'Every message that an actor or handler consumed on behalf of the order, causes before their effects.',
      params,
      responses: { 200: { description: 'The whole story.', schema: timelineOf('orderId') } },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const order = await storedOrderOf(db, call.params.orderId);
      return { status: 200, body: { orderId: order.id, entries: await readTimeline(db, actorsOf(order)) } };
    },
  );

/** An order, its newest payment and its parcels. */
const actorsOf = ({ id, context }: StoredOrder): string[] => [
  id,
  ...(context.payment ? [context.payment.paymentId] : []),
  ...Object.keys(context.shipments),
];
