import { sql } from 'kysely';
import type { FlowmartOutgoing } from '../../../machines/index.js';
import { deriveId } from '../../../machines/shared/ids.js';
import { bigints, instants, ints, jsonbs, texts, uuids } from '../../db/arrays.js';
import type { Trx } from '../../runtime/ports.js';
import { type PaymentInitiated, readHistories, saveFeatures } from './fraudRows.js';
import { modelVersion, noHistory, type RiskHistory, type RiskScore, scoreRisk, thresholds } from './score.js';

/** How long a person has for a review, milliseconds. */
export const reviewMs = 24 * 3_600_000;

type FraudOutgoing = FlowmartOutgoing<'RiskScoreCalculated' | 'FraudCheckCompleted' | 'FraudDetected'>;

/** One payment's score and everything that follows from it. */
export interface Assessment {
  readonly message: PaymentInitiated;
  readonly assessmentId: string;
  readonly risk: RiskScore;
  /** Null when nothing has to be looked into. */
  readonly found: Found | null;
}

/** What a fraud case is opened with. */
interface Found {
  readonly fraudCaseId: string;
  readonly fraudType: string;
  readonly severity: 'medium' | 'high' | 'critical';
  readonly evidence: { type: string; description: string; confidence: number }[];
  readonly actions: ('payment_blocked' | 'payment_held')[];
  readonly dueAt: string | null;
}

/**
 * Scores payments and stores what they looked like, the score with its trace, and a case where a person has to
 * decide or the payment is blocked. Three statements, four when there is a case.
 * @returns what to say, for each payment in order; nothing for one that has been scored before
 */
export async function assessPayments(trx: Trx, payments: readonly PaymentInitiated[]): Promise<FraudOutgoing[][]> {
  await saveFeatures(trx, payments);
  const histories = await readHistories(trx, payments);
  const assessments = payments.map((message) => assess(message, histories.get(message.data.paymentId) ?? noHistory));
  const fresh = await saveAssessments(trx, assessments);
  const cases = assessments.filter(({ found, assessmentId }) => found && fresh.has(assessmentId));
  if (cases.length > 0) await saveCases(trx, cases);
  return assessments.map((assessment) => (fresh.has(assessment.assessmentId) ? tell(assessment) : []));
}

/** Scores one payment, and decides what has to be looked into. Pure. */
export function assess(message: PaymentInitiated, history: RiskHistory): Assessment {
  const { data } = message;
  const risk = scoreRisk({
    profile: data.profile,
    amount: data.amount,
    at: data.initiatedAt,
    customerId: data.customerId,
    previousOrders: data.risk.previousOrders,
    customerSince: data.risk.customerSince,
    ipAddress: data.risk.ipAddress ?? null,
    deviceId: data.risk.deviceId ?? null,
    shippingAddress: data.risk.shippingAddress,
    billingAddress: data.risk.billingAddress,
    history,
  });
  return {
    message,
    assessmentId: deriveId(message.id, 'assessment'),
    risk,
    found: risk.decision === 'APPROVED' ? null : look(message, risk),
  };
}

const fraudTypes: Readonly<Record<string, string>> = {
  customer_history: 'unknown_customer',
  device_fingerprint: 'shared_device',
  shipping_billing_match: 'unusual_location',
  velocity_check: 'velocity_anomaly',
  geolocation_mismatch: 'unusual_location',
  order_amount: 'unusual_amount',
};

function look(message: PaymentInitiated, risk: RiskScore): Found {
  const contributions = risk.factors.filter((factor) => factor.score > 0).sort((a, b) => b.score - a.score);
  const blocked = risk.decision === 'DECLINED';
  return {
    fraudCaseId: deriveId(message.id, 'case'),
    fraudType: fraudTypes[contributions[0]?.name ?? ''] ?? 'unusual_payment',
    severity: blocked ? 'critical' : risk.score >= thresholds.high ? 'high' : 'medium',
    evidence: contributions.map(({ name, score, description }) => ({
      type: name,
      description,
      confidence: Math.round((100 * score) / risk.score) / 100,
    })),
    actions: [blocked ? 'payment_blocked' : 'payment_held'],
    dueAt: blocked ? null : new Date(Date.parse(message.at) + reviewMs).toISOString(),
  };
}

/** What everybody is told of a new assessment. Pure. */
export function tell({ message, assessmentId, risk, found }: Assessment): FraudOutgoing[] {
  const { paymentId, transactionId, orderId, customerId, amount } = message.data;
  const subject = { paymentId, transactionId, orderId, customerId };
  const reviewDueAt = found?.dueAt ?? null;
  const contributions = risk.factors.filter((factor) => factor.score > 0);
  const said: FraudOutgoing[] = [
    {
      type: 'RiskScoreCalculated',
      data: {
        assessmentId,
        ...subject,
        riskScore: risk.score,
        riskLevel: risk.level,
        maxScore: 100,
        threshold: thresholds,
        factors: [...risk.factors],
        recommendation: risk.recommendation,
        requiresManualReview: risk.decision === 'MANUAL_REVIEW',
        modelVersion,
        calculatedAt: message.at,
      },
    },
    {
      type: 'FraudCheckCompleted',
      data: {
        riskScore: risk.score,
        decision: risk.decision,
        reasons: contributions.map((factor) => factor.description),
        signals: contributions.map(({ name, score }) => ({ name, weight: score / 100 })),
        confidence: risk.confidence,
        reviewDueAt,
        timestamp: message.at,
        ...subject,
      },
    },
  ];
  if (found && found.severity !== 'medium') {
    said.push({
      type: 'FraudDetected',
      data: {
        fraudCaseId: found.fraudCaseId,
        assessmentId,
        ...subject,
        fraudType: found.fraudType,
        severity: found.severity,
        riskScore: risk.score,
        evidence: found.evidence,
        actionsTaken: found.actions,
        amount,
        reviewRequired: reviewDueAt !== null,
        reviewDueAt,
        detectedAt: message.at,
      },
    });
  }
  return said;
}

/** Answers the ids of those that are new. */
async function saveAssessments(trx: Trx, rows: readonly Assessment[]): Promise<Set<string>> {
  const data = rows.map(({ message }) => message.data);
  const { rows: inserted } = await sql<{ assessment_id: string }>`/* prepared */
    insert into fraud.risk_assessments (assessment_id, payment_id, transaction_id, order_id, customer_id, score, level, recommendation,
      factors, decision, confidence, model_version, amount_minor, currency, assessed_at, decided_by, decided_at)
    select r.*, 'model', case r.decision when 'MANUAL_REVIEW' then null else r.at end
    from unnest(${uuids(rows.map((r) => r.assessmentId))}, ${uuids(data.map((d) => d.paymentId))}, ${uuids(data.map((d) => d.transactionId))},
      ${uuids(data.map((d) => d.orderId))}, ${uuids(data.map((d) => d.customerId))}, ${ints(rows.map((r) => r.risk.score))},
      ${texts(rows.map((r) => r.risk.level))}, ${texts(rows.map((r) => r.risk.recommendation))},
      ${jsonbs(rows.map((r) => JSON.stringify(r.risk.factors)))}, ${texts(rows.map((r) => r.risk.decision))},
      ${rows.map((r) => r.risk.confidence)}::real[], ${texts(rows.map(() => modelVersion))}, ${bigints(data.map((d) => d.amount.amount))},
      ${texts(data.map((d) => d.amount.currency))}, ${instants(rows.map((r) => r.message.at))})
      as r(assessment_id, payment_id, transaction_id, order_id, customer_id, score, level, recommendation, factors, decision,
        confidence, model_version, amount_minor, currency, at)
    on conflict do nothing returning assessment_id`.execute(trx);
  return new Set(inserted.map((row) => row.assessment_id));
}

async function saveCases(trx: Trx, rows: readonly Assessment[]): Promise<void> {
  const found = rows.map((row) => row.found as Found);
  await sql`/* prepared */
    insert into fraud.fraud_cases (fraud_case_id, assessment_id, payment_id, fraud_type, severity, evidence, actions, opened_at, due_at,
      status, reviewer, closed_at)
    select c.*, case when c.due_at is null then 'declined' else 'open' end, case when c.due_at is null then 'model' end,
      case when c.due_at is null then c.opened_at end
    from unnest(${uuids(found.map((f) => f.fraudCaseId))}, ${uuids(rows.map((r) => r.assessmentId))},
      ${uuids(rows.map((r) => r.message.data.paymentId))}, ${texts(found.map((f) => f.fraudType))}, ${texts(found.map((f) => f.severity))},
      ${jsonbs(found.map((f) => JSON.stringify(f.evidence)))}, ${jsonbs(found.map((f) => JSON.stringify(f.actions)))},
      ${instants(rows.map((r) => r.message.at))}, ${instants(found.map((f) => f.dueAt))})
      as c(id, assessment_id, payment_id, fraud_type, severity, evidence, actions, opened_at, due_at)`.execute(trx);
}
