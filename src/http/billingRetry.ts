import { z } from 'zod';
import type { PaymentContext } from '../../machines/payment/payment.context.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import { readActor } from './actorRows.js';
import { send } from './command.js';
import type { SubscriptionPort } from './commandRoute.js';
import { readInvoice } from './invoiceReads.js';
import { invoiceSchema } from './invoiceSchemas.js';
import { viewInvoice } from './invoiceViews.js';
import { paymentSchema, viewPaymentOf } from './paymentViews.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { uuidSchema } from './schemas.js';

const retrySchema = z
  .strictObject({
    success: z.boolean().nullable().meta({ description: 'Null while the charge is under way.' }),
    invoice: invoiceSchema,
    payment: paymentSchema.nullable(),
    errorMessage: z.string().nullable(),
  })
  .meta({ id: 'RetryResult' });

/** How long the charge is waited for, seconds, when the client does not say. */
const chargeSeconds = 10;

/** `PUT /v1/billing/retry/{invoiceId}` (S-13): scheduled retries stay as they are. */
export const retryRoute = (deps: SubscriptionPort): Route =>
  route(
    {
      method: 'put',
      path: '/v1/billing/retry/{invoiceId}',
      operationId: 'retryInvoice',
      tag: 'Billing',
      scope: 'billing:write',
      summary: 'Charge an open invoice now',
      description: 'Uses up none of the scheduled retries. The answer waits for the charge.',
      params: z.strictObject({ invoiceId: uuidSchema }),
      understands: ['Prefer'],
      responses: { 200: { description: 'How it went.', schema: retrySchema } },
      problems: ['NOT_FOUND', 'CONFLICT_ERROR'],
    },
    async (call) => {
      const { invoiceId } = call.params;
      const { state, context } = await readInvoice(deps.db, invoiceId);
      const { subscriptionId } = context;
      if (!subscriptionId) {
        throw problem('CONFLICT_ERROR', 'No subscription pays this invoice.', { currentState: state });
      }
      const retry = { subscriptionId, invoiceId };
      const { snapshot } = await send(deps, call, subscriptionId, 'RetryInvoice', retry, rule);
      await deps.waiter.settled('subscription', subscriptionId, (call.wait ?? chargeSeconds) * 1000, call.gone());
      const paymentId = (snapshot?.context as SubscriptionContext | undefined)?.bill?.attempt?.id;
      const payment = paymentId ? await readActor<PaymentContext>(deps.db, 'payments.payments', paymentId) : undefined;
      const invoice = viewInvoice(await readInvoice(deps.db, invoiceId));
      const failure = payment?.state === 'failed' ? payment.context.failure : null;
      return {
        status: 200,
        body: {
          success: payment?.context.charge ? true : failure ? false : null,
          invoice,
          payment: payment ? viewPaymentOf(payment) : null,
          errorMessage: failure?.message ?? null,
        },
      };
    },
  );

const rule =
  'Only the open invoice of a subscription in arrears is charged again, with a method that works, one charge at a time.';
