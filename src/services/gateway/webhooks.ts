import type { FlowmartReceived } from '../../../machines/index.js';
import { deriveId } from '../../../machines/shared/ids.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { retryability } from './providers/retryability.js';
import { failureReasonOf } from './providers/stripeDeclines.js';
import { recordTransactions, type Transaction } from './transactions.js';
import '../../db/tables/payments.js';

type WebhookMessage = FlowmartReceived<MessagesFor<'webhooks'>>;

/**
 * What Stripe tells about charges, in provider-neutral words (record 005). A webhook may come before the answer of the call,
 * after it, twice, or about a charge that is not ours: the payment takes the first word on a key, and the log has each once.
 */
export const webhooks: Handler<MessagesFor<'webhooks'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly WebhookMessage[]): Promise<readonly Handled[]> {
    const ours = await existing(trx, messages);
    const told = messages.map((message) => {
      const idempotencyKey = message.data.metadata.idempotencyKey;
      return idempotencyKey && ours.has(message.data.paymentId) ? { message, idempotencyKey } : null;
    });
    await recordTransactions(
      trx,
      told.flatMap((one) => (one ? [transactionOf(one.message, one.idempotencyKey)] : [])),
    );
    return told.map((one) => (one ? { emit: [outcomeOf(one.message, one.idempotencyKey)] } : {}));
  },
};

async function existing(trx: Trx, messages: readonly WebhookMessage[]): Promise<ReadonlySet<string>> {
  const ids = messages.map((message) => message.data.paymentId);
  const rows = await trx.selectFrom('payments.payments').select('id').where('id', 'in', ids).execute();
  return new Set(rows.map((row) => row.id));
}

function outcomeOf({ type, data }: WebhookMessage, idempotencyKey: string) {
  const { paymentId, paymentIntentId: gatewayReferenceId, amount } = data;
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

const transactionOf = ({ id, type, data }: WebhookMessage, idempotencyKey: string): Transaction => ({
  transactionId: deriveId(id, 'transaction'),
  paymentId: data.paymentId,
  type: 'Sale',
  gateway: 'stripe',
  gatewayReferenceId: data.paymentIntentId,
  idempotencyKey,
  amount: data.amount,
  ...(type === 'StripeChargeSucceeded'
    ? { status: 'Success', responseCode: 'succeeded', responseMessage: 'Approved.' }
    : { status: 'Failure', responseCode: data.declineCode ?? data.failureCode, responseMessage: data.failureMessage }),
});
