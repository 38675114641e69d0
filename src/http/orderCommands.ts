import { z } from 'zod';
import { orderView } from '../../machines/order/order.view.js';
import { type CommandPort, send } from './command.js';
import { answerOrder, answersOrder, expectOrder, readOrder } from './orderReads.js';
import { type CancelOrderBody, cancelOrderBody, paymentInput, updateOrderBody } from './orderSchemas.js';
import { commandsIn } from './orderViews.js';
import { authorise } from './principal.js';
import { problem } from './problem.js';
import { type Answer, type Call, type Route, route } from './route.js';
import { uuidSchema } from './schemas.js';

const params = z.strictObject({ orderId: uuidSchema });

/** The routes that change an order: cancel it, ask for a status, pay in another way. */
export const orderCommandRoutes = (deps: CommandPort): Route[] => [
  cancelOrderRoute(deps),
  updateOrderRoute(deps),
  changePaymentRoute(deps),
];

const cancelOrderRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/orders/{orderId}/cancel',
      operationId: 'cancelOrder',
      tag: 'Orders',
      scope: 'orders:write',
      summary: 'Cancel an order that has not been dispatched',
      description:
        'Held stock goes back; captured money is refunded. Reasons other than `CUSTOMER_REQUEST` are for staff.',
      params,
      body: cancelOrderBody,
      example: { reason: 'CUSTOMER_REQUEST', note: 'Ordered twice.' },
      understands: ['If-Match'],
      responses: answersOrder,
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'PRECONDITION_FAILED'],
    },
    async (call) => cancel(deps, call, call.params.orderId, call.body),
  );

async function cancel(
  deps: CommandPort,
  call: Call,
  orderId: string,
  { reason, note }: CancelOrderBody,
): Promise<Answer> {
  if (reason !== 'CUSTOMER_REQUEST') authorise(call.principal, 'orders:staff');
  await expectOrder(deps.db, call, orderId);
  const requestedBy = call.principal.role;
  await send(deps, call, orderId, 'CancelOrder', {
    orderId,
    reason,
    requestedBy,
    ...(note === undefined ? {} : { note }),
  });
  return answerOrder(await readOrder(deps.db, orderId));
}

const updateOrderRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'patch',
      path: '/v1/orders/{orderId}',
      operationId: 'updateOrder',
      tag: 'Orders',
      scope: 'orders:write',
      summary: 'Ask for another status',
      description:
        '`cancelled` cancels the order. `processing` and `completed` follow from payment and delivery and cannot be set: they are answered with 200 when the order is there already, otherwise with 409, as `pending` always is.',
      params,
      body: updateOrderBody,
      example: { status: 'cancelled' },
      understands: ['If-Match'],
      responses: answersOrder,
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'PRECONDITION_FAILED'],
    },
    async (call) => {
      const { orderId } = call.params;
      const { status } = call.body;
      if (status === 'cancelled') return cancel(deps, call, orderId, { reason: 'CUSTOMER_REQUEST' });
      const { state } = await expectOrder(deps.db, call, orderId);
      const { rest } = orderView(state);
      if (status !== 'pending' && rest === status) return answerOrder(await readOrder(deps.db, orderId));
      throw problem('CONFLICT_ERROR', `An order that is ${rest} cannot be set to ${status}.`, {
        currentState: state,
        allowedEvents: commandsIn(state),
      });
    },
  );

const changePaymentRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/orders/{orderId}/payment-method',
      operationId: 'changePaymentMethod',
      tag: 'Orders',
      scope: 'orders:write',
      summary: 'Pay with another method after a charge has failed',
      params,
      body: z.strictObject({ payment: paymentInput }).meta({ id: 'ChangePaymentMethod' }),
      example: { payment: { method: { type: 'card', token: 'pm_card_mastercard' } } },
      understands: ['If-Match'],
      responses: answersOrder,
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'PRECONDITION_FAILED'],
    },
    async (call) => {
      const { orderId } = call.params;
      await expectOrder(deps.db, call, orderId);
      const { method: paymentMethod } = call.body.payment;
      await send(deps, call, orderId, 'ChangePaymentMethod', { orderId, paymentMethod });
      return answerOrder(await readOrder(deps.db, orderId));
    },
  );
