import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import { deriveId } from '../../../machines/shared/ids.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { retryability } from './providers/retryability.js';
import { failureReasonOf } from './providers/stripeDeclines.js';
import { recordTransactions, type Transaction } from './transactions.js';
import '../../db/tables/payments.js';

type WebhookMessage = FlowmartReceived<MessagesFor<'webhooks'>>;

/** A webhook about a charge of ours. */
export interface Told extends Payment {
  readonly message: WebhookMessage;
  readonly idempotencyKey: string;
}

interface Payment {
  /** Its charges only authorise; the money is taken by a capture (P-09). */
  readonly authorizesFirst: boolean;
}

/**
 * What Stripe tells about charges, in provider-neutral words (record 005). A webhook may come before the answer of the call,
 * after it, twice, or about a charge that is not ours: the payment takes the first word on a key, and the log has each once.
 */
export const webhooks: Handler<MessagesFor<'webhooks'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly WebhookMessage[]): Promise<readonly Handled[]> {
    const ours = await existing(trx, messages);
    const told = messages.map((message): Told | null => {
      const { paymentId, metadata } = message.data;
      const payment = ours.get(paymentId);
      return payment && metadata.idempotencyKey
        ? { message, idempotencyKey: metadata.idempotencyKey, ...payment }
        : null;
    });
    await recordTransactions(
      trx,
      told.flatMap((one) => (one ? [transactionOf(one)] : [])),
    );
    return told.map((one) => (one ? { emit: [outcomeOf(one)] } : {}));
  },
};

async function existing(trx: Trx, messages: readonly WebhookMessage[]): Promise<ReadonlyMap<string, Payment>> {
  const ids = messages.map((message) => message.data.paymentId);
  const rows = await trx
    .selectFrom('payments.payments')
    .select(['id', sql<boolean>`snapshot #>> '{context,captureImmediately}' = 'false'`.as('authorizesFirst')])
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, authorizesFirst }) => [id, { authorizesFirst }]));
}

/** An authorisation that is canceled was let go; any other canceled charge was never made. */
const isVoid = ({ message: { type, data }, authorizesFirst }: Told): boolean =>
  authorizesFirst && type === 'StripeChargeFailed' && data.failureCode === 'canceled';

/** The same in provider-neutral words. Pure. */
export function outcomeOf(told: Told) {
  const { message, idempotencyKey } = told;
  const { type, data } = message;
  const { paymentId, paymentIntentId: gatewayReferenceId, amount } = data;
  if (isVoid(told)) return { type: 'ChargeVoided', data: { paymentId, gateway: 'stripe', gatewayReferenceId, amount } };
  const charge = { paymentId, attempt: null, idempotencyKey, gateway: 'stripe', gatewayReferenceId };
  if (type === 'StripeChargeSucceeded') {
    return {
      type: 'ChargeSucceeded',
      data: { ...charge, amount, responseCode: 'succeeded', responseMessage: 'Approved.' },
    };
  }
  const { failureCode, failureMessage, declineCode } = data;
  const failureReason = failureReasonOf(declineCode, failureCode);
  return {
    type: 'ChargeFailed',
    data: {
      ...charge,
      failureReason,
      failureCode: declineCode ?? failureCode,
      failureMessage,
      canRetry: retryability[failureReason],
    },
  };
}

function transactionOf(told: Told): Transaction {
  const { message, idempotencyKey, authorizesFirst } = told;
  const { id, type, data } = message;
  const common = {
    transactionId: deriveId(id, 'transaction'),
    paymentId: data.paymentId,
    gateway: 'stripe',
    gatewayReferenceId: data.paymentIntentId,
    idempotencyKey,
    amount: data.amount,
  };
  if (type === 'StripeChargeSucceeded') {
    const answer = { status: 'Success', responseCode: 'succeeded', responseMessage: 'Approved.' } as const;
    return { ...common, ...answer, type: authorizesFirst ? 'Capture' : 'Sale' };
  }
  const answer = { responseCode: data.declineCode ?? data.failureCode, responseMessage: data.failureMessage };
  if (isVoid(told)) return { ...common, ...answer, type: 'Void', status: 'Success' };
  return { ...common, ...answer, type: authorizesFirst ? 'Authorize' : 'Sale', status: 'Failure' };
}
