import { type Kysely, type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import {
  type SubscriptionState,
  subscriptionStatus as statusOf,
} from '../../machines/subscription/subscription.view.js';
import type { Database } from '../db/tables.js';
import { listActors } from './actorRows.js';
import { params, type SubscriptionPort } from './commandRoute.js';
import { deliveryRoutes } from './deliveries.js';
import { pageOf, reach } from './page.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { pageQuery, pageSchema, uuidSchema } from './schemas.js';
import { subscribeRoute } from './subscribe.js';
import { subscriptionCommandRoutes } from './subscriptionCommands.js';
import { leavingRoutes } from './subscriptionLeaving.js';
import { answerSubscription, answersSubscription, findSubscription, readSubscription } from './subscriptionReads.js';
import { subscriptionSchema, subscriptionStatus, subscriptionStatusSchema } from './subscriptionSchemas.js';
import { type StoredSubscription, viewSubscription } from './subscriptionViews.js';
import { readTimeline, timelineOf } from './timeline.js';
import { usageRoutes } from './usage.js';

/** `/v1/subscriptions`. */
export const subscriptionRoutes = (deps: SubscriptionPort): Route[] => [
  subscribeRoute(deps),
  listRoute(deps),
  getRoute(deps),
  statusRoute(deps),
  timelineRoute(deps),
  ...subscriptionCommandRoutes(deps),
  ...leavingRoutes(deps),
  ...deliveryRoutes(deps),
  ...usageRoutes(deps),
];

const listRoute = ({ db }: SubscriptionPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/subscriptions',
      operationId: 'listSubscriptions',
      tag: 'Subscriptions',
      scope: 'subscriptions:read',
      summary: 'List subscriptions, newest first',
      query: z.strictObject({
        customerId: uuidSchema.optional(),
        status: subscriptionStatus.optional(),
        ...pageQuery,
      }),
      responses: { 200: { description: 'A page of subscriptions.', schema: pageSchema(subscriptionSchema) } },
    },
    async ({ query }) => {
      const rows = await list(db, query, reach(query));
      return { status: 200, body: pageOf(rows, query, ({ position }) => position, viewSubscription) };
    },
  );

const list = (
  db: Kysely<Database>,
  { customerId, status }: { readonly customerId?: string | undefined; readonly status?: string | undefined },
  page: ReturnType<typeof reach>,
) => {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (customerId) conditions.push(sql`customer_id = ${customerId}`);
  if (status) conditions.push(sql`status = ${status}`);
  return listActors<SubscriptionContext>(db, 'subscriptions.subscriptions', sql.join(conditions, sql` and `), page);
};

const getRoute = ({ db }: SubscriptionPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/subscriptions/{subscriptionId}',
      operationId: 'getSubscription',
      tag: 'Subscriptions',
      scope: 'subscriptions:read',
      summary: 'Read a subscription',
      params,
      responses: answersSubscription,
      problems: ['NOT_FOUND'],
    },
    async (call) => answerSubscription(await readSubscription(db, call.params.subscriptionId)),
  );

const statusRoute = ({ db }: SubscriptionPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/subscriptions/{userId}/status',
      operationId: 'getSubscriptionStatus',
      tag: 'Subscriptions',
      scope: 'subscriptions:read',
      summary: 'Read whether a customer is subscribed',
      description:
        'Of several subscriptions it is the newest that runs, else the newest. An id that no subscriber has is taken for that of a subscription (C-35).',
      params: z.strictObject({ userId: uuidSchema }),
      responses: { 200: { description: 'The status.', schema: subscriptionStatusSchema } },
      problems: ['NOT_FOUND'],
    },
    async ({ params: { userId } }) => {
      const found = (await newestOf(db, userId)) ?? (await findSubscription(db, userId));
      if (!found) throw problem('NOT_FOUND', 'There is no such subscriber, and no such subscription.');
      const { amount, ...status } = statusOf(found.state as SubscriptionState, found.context);
      return { status: 200, body: { ...status, amount: amount?.amount ?? null } };
    },
  );

/** The newest subscription of a customer that runs, else the newest (2.10). */
async function newestOf(db: Kysely<Database>, customerId: string): Promise<StoredSubscription | undefined> {
  const mine = sql`customer_id = ${customerId}`;
  const running = sql`${mine} and status in ('TRIAL', 'ACTIVE', 'PAST_DUE')`;
  for (const condition of [running, mine]) {
    const page = { limit: 1, after: null };
    const [found] = await listActors<SubscriptionContext>(db, 'subscriptions.subscriptions', condition, page);
    if (found) return found;
  }
  return undefined;
}

const timelineRoute = ({ db }: SubscriptionPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/subscriptions/{subscriptionId}/timeline',
      operationId: 'getSubscriptionTimeline',
      tag: 'Subscriptions',
      scope: 'subscriptions:read',
      summary: 'Read everything that happened to a subscription, and why',
      description:
        'Every message that an actor or handler consumed on behalf of the subscription, causes before their effects; of a very long story, the newest part.',
      params,
      responses: { 200: { description: 'The whole story.', schema: timelineOf('subscriptionId') } },
      problems: ['NOT_FOUND'],
    },
    async (call) => {
      const { id } = await readSubscription(db, call.params.subscriptionId);
      return { status: 200, body: { subscriptionId: id, entries: await readTimeline(db, [id]) } };
    },
  );
