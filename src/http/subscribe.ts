import { send } from './command.js';
import type { SubscriptionPort } from './commandRoute.js';
import { entityTag } from './etag.js';
import { type Answer, type Call, type Route, route } from './route.js';
import { type SubscribeBody, subscribeBody } from './subscribeSchemas.js';
import { createSubscribing, type Subscribing } from './subscribing.js';
import { findSubscription, readSubscription } from './subscriptionReads.js';
import { subscriptionSchema } from './subscriptionSchemas.js';
import { type StoredSubscription, viewSubscription } from './subscriptionViews.js';

/** `POST /v1/subscriptions` (S-01, S-02). */
export function subscribeRoute(deps: SubscriptionPort): Route {
  const subscribing = createSubscribing(deps);
  return route(
    {
      method: 'post',
      path: '/v1/subscriptions',
      operationId: 'subscribe',
      tag: 'Subscriptions',
      scope: 'subscriptions:write',
      summary: 'Subscribe to a plan, or to a delivery',
      description:
        'Prices are ours. A customer gets the trial of a plan once. Without a trial the first period is charged now, and access begins once it is paid: with `Prefer: wait=5` the answer waits for that. A delivery orders its products now and then again and again, each time at the price of the day, less its percentage.',
      body: subscribeBody,
      example: {
        customerId: '01900000-0000-7000-8000-100000000001',
        planId: '01900000-0000-7000-8000-600000000001',
        payment: { method: { type: 'card', token: 'pm_card_visa' } },
      },
      understands: ['Prefer'],
      responses: {
        201: { description: 'The subscription.', schema: subscriptionSchema, headers: ['Location', 'ETag'] },
      },
      problems: [
        'UNKNOWN_CUSTOMER',
        'UNKNOWN_PLAN',
        'PLAN_RETIRED',
        'UNKNOWN_DISCOUNT',
        'PAYMENT_METHOD_REQUIRED',
        'UNKNOWN_PRODUCT',
        'PRICE_MISMATCH',
        'UNSUPPORTED_CURRENCY',
        'UNSUPPORTED_COUNTRY',
        'ORDER_TOO_LARGE',
        'RATE_LIMITED',
      ],
    },
    async (call) => {
      if (!(await subscribedBefore(deps, call))) await subscribe(deps, subscribing, call);
      if (call.wait !== null) await deps.waiter.settled('subscription', call.resourceId, call.wait * 1000, call.gone());
      return created(await readSubscription(deps.db, call.resourceId), call.wait);
    },
  );
}

type SubscribeCall = Call<unknown, unknown, SubscribeBody>;

/** Whether an earlier request under the same idempotency key has done it. */
const subscribedBefore = async ({ db }: SubscriptionPort, { repeated, resourceId }: SubscribeCall): Promise<boolean> =>
  repeated && (await findSubscription(db, resourceId)) !== undefined;

async function subscribe(deps: SubscriptionPort, subscribing: Subscribing, call: SubscribeCall): Promise<void> {
  await send(deps, call, call.resourceId, 'SubscribeUser', await subscribing(call));
}

const created = (subscription: StoredSubscription, wait: number | null): Answer => ({
  status: 201,
  headers: {
    Location: `/v1/subscriptions/${subscription.id}`,
    ETag: entityTag(subscription.version),
    ...(wait === null ? {} : { 'Preference-Applied': `wait=${wait}` }),
  },
  body: viewSubscription(subscription),
});
