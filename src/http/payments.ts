import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { OrderContext } from '../../machines/order/order.context.js';
import type { PaymentContext } from '../../machines/payment/payment.context.js';
import type { Database } from '../db/tables.js';
import { readActor } from './actorRows.js';
import { entityTag } from './etag.js';
import { paymentStatusSchema } from './orderSchemas.js';
import { orderPaymentStatus, paymentSchema, restPaymentStatus, restStatusOf, viewPaymentOf } from './paymentViews.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { instantSchema, uuidSchema } from './schemas.js';

const params = z.strictObject({ paymentId: uuidSchema });
const noPayment = () => problem('NOT_FOUND', 'There is no such payment.');

const statusSchema = z
  .strictObject({ paymentId: uuidSchema, status: restPaymentStatus, lastUpdated: instantSchema })
  .meta({ id: 'PaymentStatus' });

/** `/v1/payments`. */
export const paymentRoutes = ({ db }: { readonly db: Kysely<Database> }): Route[] => [
  route(
    {
      method: 'get',
      path: '/v1/payments/{paymentId}',
      operationId: 'getPayment',
      tag: 'Payments',
      scope: 'payments:read',
      summary: 'Read a payment',
      params,
      responses: { 200: { description: 'The payment as it is now.', schema: paymentSchema, headers: ['ETag'] } },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const payment = await readActor<PaymentContext>(db, 'payments.payments', call.params.paymentId);
      if (!payment) throw noPayment();
      return { status: 200, headers: { ETag: entityTag(payment.version) }, body: viewPaymentOf(payment) };
    },
  ),
  route(
    {
      method: 'get',
      path: '/v1/payments/{paymentId}/status',
      operationId: 'getPaymentStatus',
      tag: 'Payments',
      scope: 'payments:read',
      summary: 'Read the status of a payment',
      description:
        'An id that no payment has is taken for that of an order (C-34); the answer is then that of the order’s payment status.',
      params,
      responses: {
        200: { description: 'The status.', schema: z.union([statusSchema, paymentStatusSchema]) },
      },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const { paymentId } = call.params;
      const payment = await readActor<PaymentContext>(db, 'payments.payments', paymentId);
      if (payment) {
        const { state, updatedAt } = payment;
        return { status: 200, body: { paymentId, status: restStatusOf(state), lastUpdated: updatedAt } };
      }
      const order = await readActor<OrderContext>(db, 'orders.orders', paymentId);
      if (!order) throw noPayment();
      const newest = order.context.payment?.paymentId;
      const ofOrder =
        newest === undefined ? undefined : await readActor<PaymentContext>(db, 'payments.payments', newest);
      return { status: 200, body: orderPaymentStatus(order, ofOrder) };
    },
  ),
];
