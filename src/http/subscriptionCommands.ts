import { z } from 'zod';
import { hasUsableMethod, planOf } from '../../machines/subscription/subscription.context.js';
import { isUpgrade } from '../../machines/subscription/subscription.rules.js';
import { commandRoute, type SubscriptionPort } from './commandRoute.js';
import { paymentInput } from './orderSchemas.js';
import { planOnOffer } from './plans.js';
import { problem } from './problem.js';
import type { Route } from './route.js';
import { instantSchema, uuidSchema } from './schemas.js';
import { wantedPlan } from './wantedPlan.js';

/** The routes that change how somebody is subscribed. */
export const subscriptionCommandRoutes = (deps: SubscriptionPort): Route[] => [
  pauseRoute(deps),
  resumeRoute(deps),
  changePlanRoute(deps),
  autoRenewalRoute(deps),
  changeMethodRoute(deps),
  removeMethodRoute(deps),
  reactivateRoute(deps),
  renewRoute(deps),
];

const pauseRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'pause',
      operationId: 'pauseSubscription',
      summary: 'Stop billing and access for a while',
      description: 'The paid time that is left waits, too. A pause ends by itself, after 90 days at the latest.',
      body: z.strictObject({ until: instantSchema.optional() }).meta({ id: 'PauseSubscription' }),
      example: {},
      sends: 'PauseSubscription',
      rule: 'A pause ends in the future, within 90 days.',
    },
    async ({ body }) => ({ until: body.until ?? null }),
  );

const resumeRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    { verb: 'resume', operationId: 'resumeSubscription', summary: 'End a pause', sends: 'ResumeSubscription' },
    async () => ({}),
  );

const changePlanRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'plan',
      operationId: 'changePlan',
      summary: 'Move to another plan',
      description:
        'A dearer plan begins now, once its proration is paid; any other one with the next period. The `prorationAt` of a preview that is less than an hour old produces exactly its lines. Asking for the present plan takes back a change that waits.',
      body: z.strictObject({ planId: uuidSchema, prorationAt: instantSchema.optional() }).meta({ id: 'ChangePlan' }),
      example: { planId: '01900000-0000-7000-8000-600000000002' },
      sends: 'ChangePlan',
      rule: 'A plan is changed while its paid time runs, one change at a time, from an instant of the last hour.',
      problems: ['UNKNOWN_PLAN', 'PLAN_RETIRED', 'UNSUPPORTED_CURRENCY', 'PAYMENT_METHOD_REQUIRED'],
    },
    async ({ body }, subscription) => {
      const plan = await wantedPlan(deps.db, subscription, body.planId);
      const present = planOf(subscription.context);
      if (present && isUpgrade(present, plan) && !hasUsableMethod(subscription.context))
        throw problem('PAYMENT_METHOD_REQUIRED', 'A dearer plan begins once it is paid; send a payment method first.');
      return { plan, prorationAt: body.prorationAt ?? null };
    },
  );

const autoRenewalRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      method: 'put',
      verb: 'auto-renewal',
      operationId: 'setAutoRenewal',
      summary: 'Let a subscription renew by itself, or end with its period',
      body: z.strictObject({ autoRenew: z.boolean() }).meta({ id: 'AutoRenewal' }),
      example: { autoRenew: false },
      sends: 'ChangeAutoRenewal',
    },
    async ({ body }) => body,
  );

const changeMethodRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'payment-method',
      operationId: 'changeSubscriptionPaymentMethod',
      summary: 'Pay with another method',
      description: 'What is owed is charged at once; a suspended subscription begins anew when that is paid.',
      body: z.strictObject({ payment: paymentInput }).meta({ id: 'ChangeSubscriptionPaymentMethod' }),
      example: { payment: { method: { type: 'card', token: 'pm_card_mastercard' } } },
      sends: 'ChangeSubscriptionPaymentMethod',
    },
    async ({ body }) => ({ paymentMethod: body.payment.method }),
  );

const removeMethodRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      method: 'delete',
      verb: 'payment-method',
      operationId: 'removeSubscriptionPaymentMethod',
      summary: 'Do not charge the payment method any more',
      description: 'Without another one, the next renewal goes straight to the grace period.',
      sends: 'InvalidatePaymentMethod',
    },
    async () => ({}),
  );

const reactivateRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'reactivate',
      operationId: 'reactivateSubscription',
      summary: 'Take a scheduled cancellation back',
      sends: 'ReactivateSubscription',
      rule: 'A cancellation can be taken back until it takes effect.',
    },
    async () => ({}),
  );

const renewRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'renew',
      operationId: 'renewSubscription',
      summary: 'Begin anew after the end',
      description: 'For seven days after a subscription has ended. Without a `planId` it is what it was.',
      body: z
        .strictObject({ planId: uuidSchema.optional(), payment: paymentInput.optional() })
        .meta({ id: 'RenewSubscription' }),
      example: {},
      sends: 'RenewSubscription',
      rule: 'A subscription can be renewed within seven days of its end, with a payment method that works.',
      problems: ['UNKNOWN_PLAN', 'PLAN_RETIRED', 'PAYMENT_METHOD_REQUIRED'],
    },
    async ({ body }, { context }) => {
      const { terms } = context;
      if (!body.payment && !hasUsableMethod(context))
        throw problem('PAYMENT_METHOD_REQUIRED', 'The last payment method cannot be charged any more; send another.');
      if (body.planId === undefined && terms.kind === 'plan') await planOnOffer(deps.db, terms.plan.planId);
      const wanted = body.planId === undefined ? null : await planOnOffer(deps.db, body.planId);
      return {
        terms: wanted && { kind: 'plan' as const, plan: wanted.plan },
        paymentMethod: body.payment?.method ?? null,
      };
    },
  );
