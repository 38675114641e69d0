import { z } from 'zod';
import { fraudDecision } from '../../machines/fraud/fraud.messages.js';
import { assessmentOf, openCases } from '../services/fraud/queries.js';
import { type CommandPort, send } from './command.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { instantSchema, moneySchema, reasonText, uuidSchema } from './schemas.js';

const caseSchema = z
  .strictObject({
    fraudCaseId: uuidSchema,
    fraudType: z.string(),
    severity: z.string(),
    status: z.enum(['open', 'approved', 'declined', 'expired']),
    evidence: z.array(z.strictObject({ type: z.string(), description: z.string(), confidence: z.number() })),
    openedAt: instantSchema,
    dueAt: instantSchema.nullable().meta({ description: 'Undecided until then, the payment is declined.' }),
    closedAt: instantSchema.nullable(),
  })
  .meta({ id: 'FraudCase' });

const assessmentSchema = z
  .strictObject({
    assessmentId: uuidSchema,
    paymentId: uuidSchema,
    transactionId: uuidSchema,
    orderId: uuidSchema.nullable(),
    customerId: uuidSchema.nullable(),
    amount: moneySchema,
    riskScore: z.int().min(0).max(100),
    riskLevel: z.string(),
    maxScore: z.literal(100),
    threshold: z.strictObject({ low: z.int(), medium: z.int(), high: z.int(), autoBlock: z.int() }),
    factors: z
      .array(z.strictObject({ name: z.string(), score: z.int(), description: z.string() }))
      .meta({ description: 'What the score is the sum of.' }),
    recommendation: z.string(),
    decision: fraudDecision.meta({ description: 'As it stands now.' }),
    confidence: z.number(),
    modelVersion: z.string(),
    calculatedAt: instantSchema,
    decidedBy: z.string().meta({ description: '`model`, `deadline`, `cancellation`, or who reviewed it.' }),
    decidedAt: instantSchema.nullable(),
    note: z.string().nullable(),
    case: caseSchema.nullable(),
  })
  .meta({ id: 'RiskAssessment' });

const params = z.strictObject({
  transactionId: uuidSchema.meta({ description: 'That of the payment’s transaction, or of the payment itself.' }),
});
const notAssessed = () => problem('NOT_FOUND', 'No such payment has been assessed.');

/** `/v1/fraud` (6.7). */
export const fraudRoutes = (deps: CommandPort): Route[] => [
  riskScoreRoute(deps),
  casesRoute(deps),
  overrideRoute(deps),
];

const riskScoreRoute = ({ db }: CommandPort) =>
  route(
    {
      method: 'get',
      path: '/v1/fraud/risk-score/{transactionId}',
      operationId: 'getRiskScore',
      tag: 'Fraud',
      scope: 'fraud:read',
      summary: 'Read how risky a payment is, and why',
      params,
      responses: { 200: { description: 'The assessment, factor by factor.', schema: assessmentSchema } },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const assessment = await assessmentOf(db, call.params.transactionId);
      if (!assessment) throw notAssessed();
      return { status: 200, body: assessment };
    },
  );

const casesRoute = ({ db }: CommandPort) =>
  route(
    {
      method: 'get',
      path: '/v1/fraud/cases',
      operationId: 'listFraudCases',
      tag: 'Fraud',
      scope: 'fraud:read',
      summary: 'List the payments that wait for a person, the most urgent first',
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(20) }),
      responses: {
        200: {
          description: 'Assessments with an open case.',
          schema: z.strictObject({ items: z.array(assessmentSchema) }),
        },
      },
    },
    async ({ query }) => ({ status: 200, body: { items: await openCases(db, query) } }),
  );

const overrideRoute = (deps: CommandPort) =>
  route(
    {
      method: 'put',
      path: '/v1/fraud/override/{transactionId}',
      operationId: 'overrideFraudDecision',
      tag: 'Fraud',
      scope: 'fraud:review',
      summary: 'Decide a payment that is held',
      params,
      body: z
        .strictObject({
          decision: z.enum(['APPROVED', 'DECLINED']),
          reviewer: z.string().trim().min(1).max(200),
          note: reasonText.optional(),
        })
        .meta({ id: 'FraudOverride' }),
      example: { decision: 'APPROVED', reviewer: 'grace', note: 'Called the customer.' },
      responses: { 200: { description: 'The assessment as it is now.', schema: assessmentSchema } },
      problems: ['NOT_FOUND', 'NO_FRAUD_CASE', 'FRAUD_CASE_CLOSED'],
    },
    async (call) => {
      const found = await assessmentOf(deps.db, call.params.transactionId);
      if (!found) throw notAssessed();
      const { paymentId } = found;
      await send(deps, call, paymentId, 'OverrideFraudDecision', { paymentId, ...call.body });
      return { status: 200, body: await assessmentOf(deps.db, paymentId) };
    },
  );
