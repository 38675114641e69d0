import { z } from 'zod';
import { planOf } from '../../machines/subscription/subscription.context.js';
import { usageMessages } from '../../machines/subscription/usage.messages.js';
import { LOOK_BACK_DAYS, lookBackFrom, useSince } from '../services/subscriptions/queries.js';
import { type CommandPort, send } from './command.js';
import { params } from './commandRoute.js';
import { periodSchema } from './invoiceSchemas.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { instantSchema, uuidSchema } from './schemas.js';
import { instantOf } from './subscriptionClock.js';
import { readSubscription } from './subscriptionReads.js';
import type { StoredSubscription } from './subscriptionViews.js';

const usageSchema = z
  .strictObject({
    subscriptionId: uuidSchema,
    unit: z.string(),
    allowance: z.int().meta({ description: 'For one period.' }),
    period: periodSchema.nullable().meta({ description: 'The running one.' }),
    usedInPeriod: z.int().meta({ description: 'By whole days (UTC): that on which the period began belongs to it.' }),
    usedInLast90Days: z.int().meta({ description: 'What decides whether a larger plan is suggested.' }),
  })
  .meta({ id: 'Usage', description: 'What a subscriber has used of what their plan allows.' });

const usageBody = z
  .strictObject({
    quantity: usageMessages.ReportUsage.schema.shape.quantity,
    at: instantSchema.optional().meta({ description: `Now when absent; at most ${LOOK_BACK_DAYS} days ago.` }),
  })
  .meta({ id: 'ReportUsage' });

/** `/v1/subscriptions/{subscriptionId}/usage` (S-08). */
export const usageRoutes = (deps: CommandPort): Route[] => [readRoute(deps), reportRoute(deps)];

const path = '/v1/subscriptions/{subscriptionId}/usage';

const readRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'get',
      path,
      operationId: 'getUsage',
      tag: 'Subscriptions',
      scope: 'subscriptions:read',
      summary: 'Read what a subscriber has used of their allowance',
      params,
      responses: { 200: { description: 'What was used.', schema: usageSchema } },
      problems: ['NOT_FOUND', 'NO_USAGE_ALLOWANCE'],
    },
    async (call) => ({
      status: 200,
      body: await view(deps, await readSubscription(deps.db, call.params.subscriptionId)),
    }),
  );

const reportRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'post',
      path,
      operationId: 'reportUsage',
      tag: 'Subscriptions',
      scope: 'subscriptions:write',
      summary: 'Tell what a subscriber has used (for the shop)',
      description:
        'What is reported adds up; an `Idempotency-Key` keeps a report from being counted twice. Nothing is cut off at the allowance: whoever comes near it is shown a larger plan when the next period is paid.',
      params,
      body: usageBody,
      example: { quantity: 250 },
      responses: { 200: { description: 'What is used now.', schema: usageSchema } },
      problems: ['NOT_FOUND', 'NO_USAGE_ALLOWANCE', 'SUBSCRIPTION_ENDED', 'USAGE_OUT_OF_TIME'],
    },
    async (call) => {
      const { quantity, at = null } = call.body;
      const subscription = await readSubscription(deps.db, call.params.subscriptionId);
      const { subscriptionId, customerId } = subscription.context;
      await send(deps, call, subscriptionId, 'ReportUsage', { subscriptionId, customerId, quantity, at });
      return { status: 200, body: await view(deps, subscription) };
    },
  );

/** @throws HttpProblem NO_USAGE_ALLOWANCE */
async function view({ db }: CommandPort, { id, context }: StoredSubscription): Promise<z.output<typeof usageSchema>> {
  const allowed = planOf(context)?.usage;
  if (!allowed) throw problem('NO_USAGE_ALLOWANCE', 'Nothing is counted: there is no usage allowance.');
  const { unit, allowance } = allowed;
  const { period } = context;
  const since = [lookBackFrom(await instantOf(db, id)), ...(period ? [period.start] : [])];
  const [inDays = 0, inPeriod = 0] = await useSince(
    db,
    since.map((from) => ({ subscriptionId: id, unit, since: from })),
  );
  return { subscriptionId: id, unit, allowance, period, usedInPeriod: inPeriod, usedInLast90Days: inDays };
}
