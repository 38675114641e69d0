import { z } from 'zod';
import { command, event, privateEvent } from '../shared/message.js';
import { instant, money, uuid } from '../shared/values.js';

const subject = { paymentId: uuid, transactionId: uuid, orderId: uuid.nullable(), customerId: uuid.nullable() };

export const fraudDecision = z.enum(['APPROVED', 'DECLINED', 'MANUAL_REVIEW']);
export type FraudDecision = z.infer<typeof fraudDecision>;

const riskFactor = z.strictObject({ name: z.string(), score: z.int(), description: z.string() });
export type RiskFactor = z.infer<typeof riskFactor>;

/** Messages of the Fraud Detection service (domain.md 2.9). */
export const fraudMessages = {
  RiskScoreCalculated: event(
    '1.0.0',
    'Every payment’s risk score with what each factor contributed (R-44).',
    z.strictObject({
      assessmentId: uuid,
      ...subject,
      riskScore: z.int().min(0).max(100),
      riskLevel: z.enum(['minimal', 'low', 'medium', 'high']),
      maxScore: z.literal(100),
      threshold: z.strictObject({ low: z.int(), medium: z.int(), high: z.int(), autoBlock: z.int() }),
      factors: z.array(riskFactor),
      recommendation: z.enum(['approve', 'review', 'decline']),
      requiresManualReview: z.boolean(),
      modelVersion: z.string(),
      calculatedAt: instant,
    }),
  ),
  FraudCheckCompleted: event(
    '1.0.0',
    'The decision that gates the charge, once per payment (R-42).',
    z.strictObject({
      ...subject,
      riskScore: z.int().min(0).max(100),
      decision: fraudDecision,
      reasons: z.array(z.string()),
      signals: z.array(z.strictObject({ name: z.string(), weight: z.number() })),
      confidence: z.number().min(0).max(1),
      /** When a manual review must have been decided. */
      reviewDueAt: instant.nullable(),
      timestamp: instant,
    }),
  ),
  FraudDetected: event(
    '1.0.0',
    'A score of 80 or more: payment held (high) or blocked (critical).',
    z.strictObject({
      fraudCaseId: uuid,
      assessmentId: uuid,
      ...subject,
      fraudType: z.string(),
      severity: z.enum(['high', 'critical']),
      riskScore: z.int().min(80).max(100),
      evidence: z.array(z.strictObject({ type: z.string(), description: z.string(), confidence: z.number() })),
      actionsTaken: z.array(z.enum(['payment_blocked', 'payment_held'])),
      amount: money,
      reviewRequired: z.boolean(),
      reviewDueAt: instant.nullable(),
      detectedAt: instant,
    }),
  ),
  OverrideFraudDecision: command(
    '1.0.0',
    'A reviewer decides a held payment (G-05).',
    z.strictObject({
      paymentId: uuid,
      decision: z.enum(['APPROVED', 'DECLINED']),
      reviewer: z.string().min(1).max(200),
      note: z.string().max(500).optional(),
    }),
  ),
  FraudDecisionOverridden: privateEvent(
    '1.0.0',
    'A held payment was decided by a person.',
    z.strictObject({
      ...subject,
      decision: z.enum(['APPROVED', 'DECLINED']),
      reviewer: z.string(),
      timestamp: instant,
    }),
  ),
};
