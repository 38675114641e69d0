import type { FlowmartReceived } from '../../../machines/index.js';
import { deriveId } from '../../../machines/shared/ids.js';
import type { EffectOutcome, EffectRun } from '../../runtime/ports.js';
import type { WatchedProvider } from './providerRouting.js';
import type { RefundOutcome } from './providers/provider.js';
import { again, askUntilAnswered, backoff, outOfTime } from './runs.js';
import type { Transaction } from './transactions.js';

type RefundCharge = FlowmartReceived<'RefundCharge'>;

/** How often to ask about a refund that the provider is still working on (ms): a bank transfer takes days. */
const PENDING_MS = 60_000;
const PENDING_MAX_MS = 3_600_000;

/**
 * Returns money once, under the id of the refund. It is the customer's, so it is asked for until the provider has answered,
 * with growing pauses.
 */
export async function refund(message: RefundCharge, run: EffectRun, to: WatchedProvider): Promise<EffectOutcome> {
  const { refundId: effectId, idempotencyKey, gatewayReferenceId, paymentId, amount } = message.data;
  const { provider, health } = to;
  const outcome = await askUntilAnswered<RefundOutcome>(run, idempotencyKey, {
    lookUp: async () => {
      const found = await health.watch(provider.lookUpRefund({ effectId, gatewayReferenceId }));
      return found.kind === 'notFound' ? null : found;
    },
    ask: (key) =>
      health.watch(
        provider.refund({
          effectId,
          idempotencyKey: key,
          gatewayReferenceId,
          amount: amount.amount,
          currency: amount.currency,
          metadata: { paymentId, refundId: effectId },
        }),
      ),
  });
  return outcome.kind === 'late' ? outOfTime(outcome.inDoubt) : conclude(message, run, provider.name, outcome);
}

function conclude(message: RefundCharge, run: EffectRun, gateway: string, outcome: RefundOutcome): EffectOutcome {
  const { paymentId, refundId, amount } = message.data;
  switch (outcome.kind) {
    case 'unknown':
      return again(backoff(run), outcome.message, true);
    case 'pending':
      return again(Math.min(PENDING_MAX_MS, PENDING_MS * 2 ** (run.attempt - 1)), outcome.responseMessage, true);
    case 'refunded': {
      const { gatewayRefundId, responseCode, responseMessage } = outcome;
      return {
        kind: 'done',
        emit: [{ type: 'RefundSucceeded', data: { paymentId, refundId, gateway, gatewayRefundId, amount } }],
        record: transaction(message, gateway, {
          gatewayReferenceId: gatewayRefundId,
          status: 'Success',
          responseCode,
          responseMessage,
        }),
      };
    }
    case 'refused': {
      const { failureCode, failureMessage } = outcome;
      return {
        kind: 'done',
        emit: [{ type: 'RefundRejected', data: { paymentId, refundId, gateway, failureMessage } }],
        record: transaction(message, gateway, {
          gatewayReferenceId: null,
          status: 'Failure',
          responseCode: failureCode,
          responseMessage: failureMessage,
        }),
      };
    }
  }
}

const transaction = (
  { id, data }: RefundCharge,
  gateway: string,
  answer: Pick<Transaction, 'gatewayReferenceId' | 'status' | 'responseCode' | 'responseMessage'>,
): Transaction => ({
  transactionId: deriveId(id, 'transaction'),
  paymentId: data.paymentId,
  type: 'Refund',
  gateway,
  idempotencyKey: data.idempotencyKey,
  amount: data.amount,
  ...answer,
});
