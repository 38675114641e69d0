import { z } from 'zod';
import type { MessageData } from '../../machines/index.js';
import type { subscriptionMessages } from '../../machines/subscription/subscription.messages.js';
import { type CommandPort, send } from './command.js';
import type { ProblemCode } from './problemCodes.js';
import { type Call, type Route, type RouteDefinition, route } from './route.js';
import { uuidSchema } from './schemas.js';
import { answerSubscription, answersSubscription, expectSubscription, readSubscription } from './subscriptionReads.js';
import type { StoredSubscription } from './subscriptionViews.js';
import type { Waiter } from './waiters.js';

/** What the routes of subscriptions work with. */
export interface SubscriptionPort extends CommandPort {
  readonly waiter: Waiter;
}

export const params = z.strictObject({ subscriptionId: uuidSchema });
export type Params = z.output<typeof params>;

type CommandName = keyof typeof subscriptionMessages;
type Asked<N extends CommandName> = Omit<MessageData<N>, 'subscriptionId'>;

/** A command of a subscriber: what the route is, and what it sends. */
interface Does<B extends z.ZodType, N extends CommandName>
  extends Pick<
    RouteDefinition<typeof params, z.ZodNever, B>,
    'operationId' | 'summary' | 'description' | 'body' | 'example'
  > {
  /** `post` when absent. */
  readonly method?: 'post' | 'put' | 'delete';
  /** What follows the subscription's address. */
  readonly verb: string;
  readonly sends: N;
  /** What holds for the command in a state that takes it, for whoever breaks it. */
  readonly rule?: string;
  readonly problems?: readonly ProblemCode[];
}

/** A route that gives one command to a subscription, and answers with what the subscription is then. */
export const commandRoute = <N extends CommandName, B extends z.ZodType = z.ZodNever>(
  deps: SubscriptionPort,
  { verb, sends, rule, method = 'post', problems = [], ...documentation }: Does<B, N>,
  asked: (call: Call<Params, unknown, z.output<B>>, subscription: StoredSubscription) => Promise<Asked<N>>,
): Route =>
  route<typeof params, z.ZodNever, B>(
    {
      ...documentation,
      method,
      path: `/v1/subscriptions/{subscriptionId}/${verb}`,
      tag: 'Subscriptions',
      scope: 'subscriptions:write',
      params,
      understands: ['If-Match', 'Prefer'],
      responses: answersSubscription,
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'PRECONDITION_FAILED', ...problems],
    },
    async (call) => {
      const { subscriptionId } = call.params;
      const subscription = await expectSubscription(deps.db, call, subscriptionId);
      const data = { ...(await asked(call, subscription)), subscriptionId } as MessageData<N>;
      await send(deps, call, subscriptionId, sends, data, rule);
      if (call.wait === null) return answerSubscription(await readSubscription(deps.db, subscriptionId));
      await deps.waiter.settled('subscription', subscriptionId, call.wait * 1000, call.gone());
      const applied = { 'Preference-Applied': `wait=${call.wait}` };
      return answerSubscription(await readSubscription(deps.db, subscriptionId), applied);
    },
  );
