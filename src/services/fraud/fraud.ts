import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { DomainError } from '../../runtime/errors.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { assessPayments } from './assess.js';
import { type CaseRow, closeCases, lockCases, type PaymentInitiated } from './fraudRows.js';

type FraudMessage = FlowmartReceived<MessagesFor<'fraud'>>;
/** What opens no case, but may close one. */
export type CaseMessage = Exclude<FraudMessage, PaymentInitiated>;

/**
 * Fraud Detection: scores every payment once (S-048), lets people decide those that are held (G-05), and closes the case of
 * one that nobody decided in time, or that was cancelled meanwhile (P-18).
 */
export const fraud: Handler<MessagesFor<'fraud'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly FraudMessage[]): Promise<Handled[]> {
    const payments = messages.filter((message) => message.type === 'PaymentInitiated');
    const aboutCases = messages.filter((message) => message.type !== 'PaymentInitiated');
    const said = payments.length > 0 ? await assessPayments(trx, payments) : [];
    const answers = aboutCases.length > 0 ? await workOnCases(trx, aboutCases) : [];
    const assessed = new Map(payments.map((message, index) => [message.id, { emit: said[index] ?? [] }]));
    const worked = new Map(aboutCases.map((message, index) => [message.id, answers[index] ?? {}]));
    return messages.map((message) => assessed.get(message.id) ?? worked.get(message.id) ?? {});
  },
};

/** Two statements, whatever the number of messages; in their order, since one decision bars the next. */
async function workOnCases(trx: Trx, messages: readonly CaseMessage[]): Promise<Handled[]> {
  const cases = await lockCases(trx, [...new Set(messages.map(({ data }) => data.paymentId))]);
  const closed = new Set<CaseRow>();
  const answers = messages.map((message) => workOnCase(message, cases.get(message.data.paymentId), closed));
  if (closed.size > 0) await closeCases(trx, [...closed]);
  return answers;
}

/** What one message does to the case it is about; a case that it closes is changed, and added to `closed`. Touches nothing else. */
export function workOnCase(message: CaseMessage, found: CaseRow | undefined, closed: Set<CaseRow>): Handled {
  if (message.type === 'OverrideFraudDecision') return override(message, found, closed);
  if (found?.status === 'open') {
    const reviewer = message.type === 'PaymentCancelled' ? 'cancellation' : null;
    close(found, { status: 'expired', reviewer, note: null, closedAt: message.at }, closed);
  }
  return {};
}

function close(
  found: CaseRow,
  end: Pick<CaseRow, 'status' | 'reviewer' | 'note' | 'closedAt'>,
  closed: Set<CaseRow>,
): void {
  Object.assign(found, end);
  closed.add(found);
}

function override(
  { data, at }: FlowmartReceived<'OverrideFraudDecision'>,
  found: CaseRow | undefined,
  closed: Set<CaseRow>,
): Handled {
  const { paymentId, decision, reviewer, note } = data;
  if (!found) {
    return {
      refuse: new DomainError('NO_FRAUD_CASE', `Nobody is asked to decide payment ${paymentId}.`, { paymentId }),
    };
  }
  const status = decision === 'APPROVED' ? 'approved' : 'declined';
  const answer = { paymentId, transactionId: found.transactionId, decision };
  if (found.status === status) return { answer };
  if (found.status !== 'open') {
    return {
      refuse: new DomainError('FRAUD_CASE_CLOSED', `The case is ${found.status} already.`, { status: found.status }),
    };
  }
  close(found, { status, reviewer, note: note ?? null, closedAt: at }, closed);
  const { transactionId, orderId, customerId } = found;
  return {
    emit: [
      {
        type: 'FraudDecisionOverridden',
        data: { paymentId, transactionId, orderId, customerId, decision, reviewer, timestamp: at },
      },
    ],
    answer,
  };
}
