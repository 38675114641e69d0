import { hours } from '../../machines/shared/instants.js';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { type Assessment, assess, tell } from '../../src/services/fraud/assess.js';
import { type CaseMessage, workOnCase } from '../../src/services/fraud/fraud.js';
import type { CaseRow, PaymentInitiated } from '../../src/services/fraud/fraudRows.js';
import { noHistory } from '../../src/services/fraud/score.js';
import type { MemoryHandler } from './world.js';

/** Fraud Detection's rows in memory; scores and decisions are the real ones. */
export class FraudDesk implements MemoryHandler {
  readonly kind = 'handler';
  readonly cases = new Map<string, CaseRow>();
  readonly #assessed = new Map<string, Assessment>();

  /** Whether the model or a reviewer lets a payment be charged (C-66). */
  isApproved(paymentId: string): boolean {
    const found = this.cases.get(paymentId);
    return found ? found.status === 'approved' : this.#assessed.get(paymentId)?.risk.decision === 'APPROVED';
  }

  handle(message: Received): readonly Outgoing[] {
    if (message.type === 'PaymentInitiated') return this.#assess(message as PaymentInitiated);
    const about = message as CaseMessage;
    return workOnCase(about, this.cases.get(about.data.paymentId), new Set()).emit ?? [];
  }

  #assess(message: PaymentInitiated): readonly Outgoing[] {
    const { paymentId, transactionId, orderId, customerId } = message.data;
    if (this.#assessed.has(paymentId)) return [];
    const hourAgo = Date.parse(message.at) - hours(1);
    const lately = [...this.#assessed.values()].filter(
      (one) => one.message.data.customerId === customerId && Date.parse(one.message.at) > hourAgo,
    );
    const assessment = assess(message, { ...noHistory, paymentsLastHour: lately.length + 1 });
    this.#assessed.set(paymentId, assessment);
    const { found } = assessment;
    if (found)
      this.cases.set(paymentId, {
        caseId: found.fraudCaseId,
        ...{ paymentId, transactionId, orderId, customerId },
        status: found.dueAt ? 'open' : 'declined',
        reviewer: null,
        note: null,
        closedAt: null,
      });
    return tell(assessment);
  }
}
