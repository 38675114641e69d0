import { type Kysely, sql } from 'kysely';
import type { FraudDecision, RiskFactor } from '../../../machines/fraud/fraud.messages.js';
import type { Money } from '../../../machines/shared/values.js';
import { uuids } from '../../db/arrays.js';
import type { FraudCaseStatus } from '../../db/tables/fraud.js';
import type { Database } from '../../db/tables.js';
import { thresholds } from './score.js';

/** Those of these payments that may be charged: approved by the model or by a person (C-66). */
export async function approvals(db: Kysely<Database>, paymentIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ payment_id: string }>`/* prepared */
    select a.payment_id from unnest(${uuids(paymentIds)}) as asked(id)
    cross join lateral (
      select payment_id from fraud.risk_assessments where payment_id = asked.id and decision = 'APPROVED' limit 1) a`.execute(
    db,
  );
  return new Set(rows.map((row) => row.payment_id));
}

/** A stored assessment, with the trace of its factors, and the case when there is one. */
export interface AssessmentView {
  readonly assessmentId: string;
  readonly paymentId: string;
  readonly transactionId: string;
  readonly orderId: string | null;
  readonly customerId: string | null;
  readonly amount: Money;
  readonly riskScore: number;
  readonly riskLevel: string;
  readonly maxScore: 100;
  readonly threshold: typeof thresholds;
  readonly factors: readonly RiskFactor[];
  readonly recommendation: string;
  /** As it stands now. */
  readonly decision: FraudDecision;
  readonly confidence: number;
  readonly modelVersion: string;
  readonly calculatedAt: string;
  /** `model`, `deadline`, `cancellation`, or the reviewer. */
  readonly decidedBy: string;
  readonly decidedAt: string | null;
  readonly note: string | null;
  readonly case: CaseView | null;
}

/** A fraud case as people see it. */
export interface CaseView {
  readonly fraudCaseId: string;
  readonly fraudType: string;
  readonly severity: string;
  readonly status: FraudCaseStatus;
  readonly evidence: readonly { readonly type: string; readonly description: string; readonly confidence: number }[];
  readonly openedAt: string;
  readonly dueAt: string | null;
  readonly closedAt: string | null;
}

interface AssessmentRow {
  assessment_id: string;
  payment_id: string;
  transaction_id: string;
  order_id: string | null;
  customer_id: string | null;
  amount_minor: string;
  currency: string;
  score: number;
  level: string;
  factors: RiskFactor[];
  recommendation: string;
  decision: FraudDecision;
  confidence: number;
  model_version: string;
  assessed_at: Date;
  decided_by: string;
  decided_at: Date | null;
  note: string | null;
  fraud_case_id: string | null;
  fraud_type: string;
  severity: string;
  status: FraudCaseStatus;
  evidence: CaseView['evidence'];
  opened_at: Date;
  due_at: Date | null;
  closed_at: Date | null;
}

const assessments = sql`
  select a.*, c.fraud_case_id, c.fraud_type, c.severity, c.status, c.evidence, c.opened_at, c.due_at, c.closed_at
  from fraud.risk_assessments a left join fraud.fraud_cases c on c.payment_id = a.payment_id`;

/** Finds the assessment of a payment, by the id of the payment or of its transaction (C-65). */
export async function assessmentOf(db: Kysely<Database>, id: string): Promise<AssessmentView | undefined> {
  const { rows } =
    await sql<AssessmentRow>`${assessments} where a.payment_id = ${id} or a.transaction_id = ${id} limit 1`.execute(db);
  return rows[0] && toView(rows[0]);
}

/** Lists the cases that wait for a person, the most urgent first. */
export async function openCases(db: Kysely<Database>, options: { readonly limit: number }): Promise<AssessmentView[]> {
  const { rows } = await sql<AssessmentRow>`${assessments}
    where c.status = 'open' order by c.due_at, c.fraud_case_id limit ${options.limit}`.execute(db);
  return rows.map(toView);
}

const toView = (row: AssessmentRow): AssessmentView => ({
  assessmentId: row.assessment_id,
  paymentId: row.payment_id,
  transactionId: row.transaction_id,
  orderId: row.order_id,
  customerId: row.customer_id,
  amount: { amount: Number(row.amount_minor), currency: row.currency },
  riskScore: row.score,
  riskLevel: row.level,
  maxScore: 100,
  threshold: thresholds,
  factors: row.factors,
  recommendation: row.recommendation,
  decision: row.decision,
  confidence: row.confidence,
  modelVersion: row.model_version,
  calculatedAt: row.assessed_at.toISOString(),
  decidedBy: row.decided_by,
  decidedAt: row.decided_at?.toISOString() ?? null,
  note: row.note,
  case: row.fraud_case_id === null ? null : toCase({ ...row, fraud_case_id: row.fraud_case_id }),
});

const toCase = (row: AssessmentRow & { fraud_case_id: string }): CaseView => ({
  fraudCaseId: row.fraud_case_id,
  fraudType: row.fraud_type,
  severity: row.severity,
  status: row.status,
  evidence: row.evidence,
  openedAt: row.opened_at.toISOString(),
  dueAt: row.due_at?.toISOString() ?? null,
  closedAt: row.closed_at?.toISOString() ?? null,
});
