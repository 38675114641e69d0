import type { Kysely } from 'kysely';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import type { Database } from '../db/tables.js';
import { readActor } from './actorRows.js';
import { checkIfMatch, entityTag } from './etag.js';
import { problem } from './problem.js';
import type { Answer, Call } from './route.js';
import { subscriptionSchema } from './subscriptionSchemas.js';
import { type StoredSubscription, viewSubscription } from './subscriptionViews.js';

/** The answer of every route that shows one subscription. */
export const answersSubscription = {
  200: { description: 'The subscription as it is now.', schema: subscriptionSchema, headers: ['ETag'] },
} as const;

export const findSubscription = (db: Kysely<Database>, id: string): Promise<StoredSubscription | undefined> =>
  readActor<SubscriptionContext>(db, 'subscriptions.subscriptions', id);

/** @throws HttpProblem NOT_FOUND */
export async function readSubscription(db: Kysely<Database>, id: string): Promise<StoredSubscription> {
  const subscription = await findSubscription(db, id);
  if (!subscription) throw problem('NOT_FOUND', 'There is no such subscription.');
  return subscription;
}

/**
 * Reads a subscription that is at the version that the client has seen, if it says one.
 * @throws HttpProblem NOT_FOUND, PRECONDITION_FAILED
 */
export async function expectSubscription(
  db: Kysely<Database>,
  { ifMatch, repeated }: Pick<Call, 'ifMatch' | 'repeated'>,
  id: string,
): Promise<StoredSubscription> {
  const subscription = await readSubscription(db, id);
  // The first request under the key may itself have moved the version on.
  if (!repeated) checkIfMatch(ifMatch, subscription.version);
  return subscription;
}

/** Answers with a subscription. */
export const answerSubscription = (
  subscription: StoredSubscription,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status: 200,
  headers: { ETag: entityTag(subscription.version), ...headers },
  body: viewSubscription(subscription),
});
