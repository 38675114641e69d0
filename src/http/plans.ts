import type { Kysely } from 'kysely';
import { z } from 'zod';
import { billingCycles } from '../../machines/shared/calendar.js';
import { planMessages } from '../../machines/subscription/plan.messages.js';
import { allowance, type Plan } from '../../machines/subscription/subscription.values.js';
import type { Database } from '../db/tables.js';
import { listPlans, type PlanView, plansByIds } from '../services/subscriptions/queries.js';
import { type CommandPort, send } from './command.js';
import { pageOf, reach } from './page.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { instantSchema, moneySchema, pageQuery, pageSchema, uuidSchema } from './schemas.js';

const params = z.strictObject({ planId: uuidSchema });

const planBody = planMessages.CreatePlan.schema
  .omit({ planId: true })
  .extend({
    intervalCount: planMessages.CreatePlan.schema.shape.intervalCount.default(1),
    trialDays: planMessages.CreatePlan.schema.shape.trialDays.default(0),
  })
  .meta({ id: 'CreatePlan' });

const planSchema = z
  .strictObject({
    id: uuidSchema,
    name: z.string(),
    price: moneySchema.meta({ description: 'Before tax, for one period.' }),
    billingCycle: z.enum(billingCycles),
    intervalCount: z.int().meta({ description: 'A period is so many cycles long.' }),
    trialDays: z.int(),
    taxRegion: z.string(),
    usage: allowance.nullable().meta({ description: 'What one period allows; null where nothing is counted.' }),
    status: z.enum(['active', 'retired']),
    createdAt: instantSchema,
    retiredAt: instantSchema.nullable(),
  })
  .meta({ id: 'Plan' });

/** `/v1/plans`. */
export const planRoutes = (deps: CommandPort): Route[] => [
  listRoute(deps),
  createRoute(deps),
  getRoute(deps),
  retireRoute(deps),
];

const listRoute = ({ db }: CommandPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/plans',
      operationId: 'listPlans',
      tag: 'Plans',
      scope: 'catalogue:read',
      summary: 'List the plans that can be subscribed to, newest first',
      query: z.strictObject({
        status: z.enum(['active', 'all']).default('active').meta({ description: '`all`: the retired ones, too.' }),
        ...pageQuery,
      }),
      responses: { 200: { description: 'A page of plans.', schema: pageSchema(planSchema) } },
    },
    async ({ query }) => {
      const { limit, after } = reach(query);
      const rows = await listPlans(db, { limit, after: after ?? undefined, withRetired: query.status === 'all' });
      const position = ({ createdAt, planId }: PlanView) => ({ createdAt, id: planId });
      return { status: 200, body: pageOf(rows, query, position, view) };
    },
  );

const createRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/plans',
      operationId: 'createPlan',
      tag: 'Plans',
      scope: 'catalogue:write',
      summary: 'Offer a plan (for staff)',
      description: 'A plan does not change: offer another and retire the old one. Those who have it keep it.',
      body: planBody,
      example: {
        name: 'Team Quarterly',
        price: { amount: 24_900, currency: 'USD' },
        billingCycle: 'quarterly',
        trialDays: 14,
        taxRegion: 'US-CA',
        usage: { unit: 'API calls', allowance: 100_000 },
      },
      responses: { 201: { description: 'The plan.', schema: planSchema, headers: ['Location'] } },
      problems: ['UNSUPPORTED_COUNTRY', 'UNSUPPORTED_CURRENCY', 'PRICE_TOO_SMALL'],
    },
    async (call) => {
      const planId = call.resourceId;
      const { answer } = await send(deps, call, planId, 'CreatePlan', { planId, ...call.body });
      return { status: 201, headers: { Location: `/v1/plans/${planId}` }, body: view(answer as PlanView) };
    },
  );

const getRoute = ({ db }: CommandPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/plans/{planId}',
      operationId: 'getPlan',
      tag: 'Plans',
      scope: 'catalogue:read',
      summary: 'Read a plan',
      params,
      responses: { 200: { description: 'The plan.', schema: planSchema } },
      problems: ['NOT_FOUND'],
    },
    async (call) => ({ status: 200, body: view(await readPlan(db, call.params.planId)) }),
  );

const retireRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/plans/{planId}/retire',
      operationId: 'retirePlan',
      tag: 'Plans',
      scope: 'catalogue:write',
      summary: 'Offer a plan no more (for staff)',
      description: 'Those who have it keep it. Retiring it again changes nothing.',
      params,
      responses: { 200: { description: 'The plan.', schema: planSchema } },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const { planId } = call.params;
      await readPlan(deps.db, planId);
      const { answer } = await send(deps, call, planId, 'RetirePlan', { planId });
      return { status: 200, body: view(answer as PlanView) };
    },
  );

/** @throws HttpProblem NOT_FOUND */
async function readPlan(db: Kysely<Database>, planId: string): Promise<PlanView> {
  const plan = (await plansByIds(db, [planId])).get(planId);
  if (!plan) throw problem('NOT_FOUND', 'There is no such plan.');
  return plan;
}

/**
 * Looks up a plan that somebody wants, with the days of its trial.
 * @throws HttpProblem UNKNOWN_PLAN, PLAN_RETIRED
 */
export async function planOnOffer(db: Kysely<Database>, planId: string): Promise<{ plan: Plan; trialDays: number }> {
  const found = (await plansByIds(db, [planId])).get(planId);
  if (!found) throw problem('UNKNOWN_PLAN', `There is no plan ${planId}.`);
  const { status, trialDays, usage, createdAt: _createdAt, retiredAt: _retiredAt, ...plan } = found;
  if (status === 'retired') throw problem('PLAN_RETIRED', `${plan.name} is not offered any more.`);
  return { plan: usage ? { ...plan, usage } : plan, trialDays };
}

const view = ({ planId, createdAt, ...plan }: PlanView): z.output<typeof planSchema> => ({
  id: planId,
  ...plan,
  createdAt: new Date(createdAt).toISOString(),
});
