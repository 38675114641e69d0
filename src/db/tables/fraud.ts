import type { ColumnType } from 'kysely';
import type { FraudDecision } from '../../../machines/fraud/fraud.messages.js';

type Bigint = ColumnType<string, string | number | bigint, string | number | bigint>;
type Instant = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** What a payment looked like when it was opened: the memory that velocity is counted from. */
export interface TransactionFeaturesTable {
  payment_id: string;
  customer_id: string | null;
  ip: string | null;
  device: string | null;
  /** Where it ships to. */
  country: string | null;
  amount_minor: Bigint;
  currency: string;
  at: Instant;
}

/** One contribution to a score. */
export interface StoredFactor {
  readonly name: string;
  readonly score: number;
  readonly description: string;
}

export interface RiskAssessmentsTable {
  assessment_id: string;
  payment_id: string;
  transaction_id: string;
  order_id: string | null;
  customer_id: string | null;
  score: number;
  level: 'minimal' | 'low' | 'medium' | 'high';
  recommendation: 'approve' | 'review' | 'decline';
  factors: Json<readonly StoredFactor[]>;
  /** As it stands now; a person or the deadline may have changed it. */
  decision: FraudDecision;
  confidence: number;
  model_version: string;
  amount_minor: Bigint;
  currency: string;
  assessed_at: Instant;
  /** `model`, `deadline`, `cancellation`, or the reviewer. */
  decided_by: string;
  decided_at: Instant | null;
  note: string | null;
}

export type FraudCaseStatus = 'open' | 'approved' | 'declined' | 'expired';

export interface FraudCasesTable {
  fraud_case_id: string;
  assessment_id: string;
  payment_id: string;
  fraud_type: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  evidence: Json<readonly { type: string; description: string; confidence: number }[]>;
  actions: Json<readonly string[]>;
  status: FraudCaseStatus;
  reviewer: string | null;
  opened_at: Instant;
  /** Null when nobody is asked: blocked at once. */
  due_at: Instant | null;
  closed_at: Instant | null;
}

declare module '../tables.js' {
  interface Database {
    'fraud.transaction_features': TransactionFeaturesTable;
    'fraud.risk_assessments': RiskAssessmentsTable;
    'fraud.fraud_cases': FraudCasesTable;
  }
}
