import { z } from 'zod';
import { cancelReason, offerChoice } from '../../machines/subscription/subscription.values.js';
import { readCustomers } from '../services/customers/queries.js';
import { messageIdOf, send } from './command.js';
import { commandRoute, params, type SubscriptionPort } from './commandRoute.js';
import { entityTag } from './etag.js';
import { HttpProblem, problem } from './problem.js';
import { type Answer, type Call, type Route, route } from './route.js';
import { reasonText } from './schemas.js';
import { expectSubscription, readSubscription } from './subscriptionReads.js';
import { cancellationSchema } from './subscriptionSchemas.js';
import { type StoredSubscription, viewSubscription } from './subscriptionViews.js';

const cancelBody = z
  .strictObject({
    reason: cancelReason.exclude(['payment_failure']),
    note: reasonText.optional(),
    mode: z.enum(['period_end', 'immediate']).default('period_end'),
    offerDecision: z
      .literal('decline')
      .optional()
      .meta({ description: 'The customer has seen an offer, and wants none.' }),
  })
  .meta({ id: 'CancelSubscription' });

/** How long the provider is waited for, seconds, when the client does not say. */
const confirmationSeconds = 10;

const answersCancellation = {
  200: { description: 'What became of it.', schema: cancellationSchema, headers: ['ETag'] },
  202: { description: 'The provider has not confirmed it yet.', schema: cancellationSchema, headers: ['ETag'] },
} as const;

const refusals = [
  'NOT_FOUND',
  'CONFLICT_ERROR',
  'PRECONDITION_FAILED',
  'ACCOUNT_LOCKED',
  'BILLING_INCONSISTENT',
  'PROVIDER_ERROR',
] as const;

/** The routes of those who want to leave: cancel, and answer the offer. */
export const leavingRoutes = (deps: SubscriptionPort): Route[] => [
  cancelRoute(deps),
  acceptRoute(deps),
  declineRoute(deps),
];

const cancelRoute = (deps: SubscriptionPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/subscriptions/{subscriptionId}/cancel',
      operationId: 'cancelSubscription',
      tag: 'Subscriptions',
      scope: 'subscriptions:write',
      summary: 'Cancel a subscription',
      description:
        'A customer is offered something first, once; what is not answered within seven days is declined. Otherwise the subscription ends with its paid period, or at once; the answer waits for the payment provider to confirm it.',
      params,
      body: cancelBody,
      example: { reason: 'too_expensive', note: 'Found it cheaper.' },
      understands: ['If-Match', 'Prefer'],
      responses: answersCancellation,
      problems: refusals,
    },
    async (call) => {
      const { subscriptionId } = call.params;
      const { reason, note = null, mode, offerDecision = null } = call.body;
      const { customerId } = (await expectSubscription(deps.db, call, subscriptionId)).context;
      const customer = (await readCustomers(deps.db, [customerId])).get(customerId);
      const accountLocked = customer?.isLocked ?? false;
      const data = { reason, note, mode, offerDecision, requestedBy: call.principal.role, accountLocked };
      try {
        await send(deps, call, subscriptionId, 'CancelSubscription', { subscriptionId, ...data });
      } catch (error) {
        // Asked a second time, while the offer waits: it still does.
        if (!(error instanceof HttpProblem) || error.extras.currentState !== 'active.offerPending') throw error;
      }
      return outcomeOf(deps, call, subscriptionId, messageIdOf(call, 'CancelSubscription'));
    },
  );

const acceptRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'offer/accept',
      operationId: 'acceptOffer',
      summary: 'Stay, for what was offered',
      body: z.strictObject({ choice: offerChoice }).meta({ id: 'AcceptOffer' }),
      example: { choice: 'discount' },
      sends: 'AcceptOffer',
      rule: 'A pause is not part of this offer.',
    },
    async ({ body }) => body,
  );

const declineRoute = (deps: SubscriptionPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/subscriptions/{subscriptionId}/offer/decline',
      operationId: 'declineOffer',
      tag: 'Subscriptions',
      scope: 'subscriptions:write',
      summary: 'Leave nevertheless',
      params,
      understands: ['If-Match', 'Prefer'],
      responses: answersCancellation,
      problems: refusals,
    },
    async (call) => {
      const { subscriptionId } = call.params;
      await expectSubscription(deps.db, call, subscriptionId);
      await send(deps, call, subscriptionId, 'DeclineOffer', { subscriptionId });
      return outcomeOf(deps, call, subscriptionId, messageIdOf(call, 'DeclineOffer'));
    },
  );

/** Waits for the provider and says what became of a wish to leave (C-63). */
async function outcomeOf(deps: SubscriptionPort, call: Call, id: string, messageId: string): Promise<Answer> {
  await deps.waiter.settled('subscription', id, (call.wait ?? confirmationSeconds) * 1000, call.gone());
  const subscription = await readSubscription(deps.db, id);
  checkRefusal(subscription, messageId);
  const view = viewSubscription(subscription);
  const outcome = outcomes[subscription.state];
  if (!outcome) {
    throw problem('CONFLICT_ERROR', 'The cancellation was taken back meanwhile.', { currentState: view.state });
  }
  return {
    status: outcome === 'pending' ? 202 : 200,
    headers: { ETag: entityTag(subscription.version) },
    body: { outcome, effectiveAt: view.cancellation?.effectiveAt ?? null, offer: view.offer, subscription: view },
  };
}

const outcomes: Readonly<Record<string, 'offer' | 'scheduled' | 'cancelled' | 'pending'>> = {
  'active.offerPending': 'offer',
  'active.cancelling': 'pending',
  cancelScheduled: 'scheduled',
  cancelled: 'cancelled',
};

/** @throws HttpProblem ACCOUNT_LOCKED, BILLING_INCONSISTENT (S-23), PROVIDER_ERROR (S-22) when this very request was refused */
function checkRefusal({ state, context: { refusal } }: StoredSubscription, messageId: string): void {
  if (refusal?.messageId !== messageId) return;
  const where = { currentState: state };
  if (refusal.reason === 'accountLocked') {
    throw problem('ACCOUNT_LOCKED', 'The account is locked; our people will be in touch.', where);
  }
  if (refusal.reason === 'billingInconsistent') {
    throw problem('BILLING_INCONSISTENT', 'A payment is unclear; our people will be in touch.', where);
  }
  const detail = 'The payment provider did not confirm the end; nothing has changed, and our people look into it.';
  throw problem('PROVIDER_ERROR', detail, where);
}
