import { z } from 'zod';
import { totalsOf } from '../../machines/invoice/invoice.rules.js';
import { taxRateOf } from '../../machines/shared/taxRates.js';
import { planOf, type SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import { previewChange, previewNext, type UpcomingInvoice } from '../../machines/subscription/subscription.preview.js';
import type { Plan } from '../../machines/subscription/subscription.values.js';
import type { SubscriptionPort } from './commandRoute.js';
import { invoiceLineSchema } from './invoiceSchemas.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { instantSchema, moneySchema, uuidSchema } from './schemas.js';
import { instantOf } from './subscriptionClock.js';
import { readSubscription } from './subscriptionReads.js';
import { wantedPlan } from './wantedPlan.js';

const upcomingSchema = z
  .strictObject({
    date: instantSchema,
    lines: z.array(invoiceLineSchema),
    subtotal: moneySchema,
    tax: moneySchema,
    total: moneySchema,
  })
  .meta({ id: 'UpcomingInvoice', description: 'What an invoice will say, at the tax rate of today.' });

const previewSchema = z
  .strictObject({
    subscriptionId: uuidSchema,
    prorationAt: instantSchema.meta({ description: 'Send it with the change to get exactly these lines.' }),
    effectiveAt: instantSchema.nullable().meta({ description: 'When the plan changes; null when none is asked for.' }),
    now: upcomingSchema.nullable().meta({ description: 'The invoice that the change produces at once.' }),
    next: upcomingSchema.meta({ description: 'The invoice of the next period.' }),
    nextBillingDate: instantSchema,
    totalAmount: moneySchema.meta({ description: 'What is charged first: now, else with the next period.' }),
  })
  .meta({ id: 'ChargePreview' });

/** `POST /v1/billing/preview`: changes nothing. */
export const previewRoute = ({ db }: SubscriptionPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/billing/preview',
      operationId: 'previewCharges',
      tag: 'Billing',
      scope: 'billing:read',
      summary: 'Read what comes next, and what another plan would change',
      body: z
        .strictObject({
          subscriptionId: uuidSchema,
          planChanges: z
            .array(z.strictObject({ newPlanId: uuidSchema }))
            .max(1)
            .default([])
            .meta({ description: 'The plan to move to; none shows the next invoice as things stand.' }),
        })
        .meta({ id: 'PreviewCharges' }),
      example: {
        subscriptionId: '01900000-0000-7000-8000-700000000001',
        planChanges: [{ newPlanId: '01900000-0000-7000-8000-600000000002' }],
      },
      responses: { 200: { description: 'The lines to come.', schema: previewSchema } },
      problems: ['NOT_FOUND', 'CONFLICT_ERROR', 'UNKNOWN_PLAN', 'PLAN_RETIRED', 'UNSUPPORTED_CURRENCY'],
    },
    async ({ body: { subscriptionId, planChanges } }) => {
      const subscription = await readSubscription(db, subscriptionId);
      const [change] = planChanges;
      const plan = change ? await wantedPlan(db, subscription, change.newPlanId) : null;
      const prorationAt = await instantOf(db, subscriptionId);
      const preview = previewOf(subscription.context, plan, prorationAt);
      if (!preview) {
        const { state } = subscription;
        throw problem('CONFLICT_ERROR', 'There is a next invoice only while a plan is running.', {
          currentState: state,
        });
      }
      const { effectiveAt } = preview;
      const now = preview.now && withTax(preview.now, preview.plan);
      const next = withTax(preview.next, preview.plan);
      return {
        status: 200,
        body: {
          subscriptionId,
          prorationAt,
          effectiveAt,
          now,
          next,
          nextBillingDate: next.date,
          totalAmount: (now ?? next).total,
        },
      };
    },
  );

function previewOf(context: SubscriptionContext, wanted: Plan | null, at: string) {
  const plan = wanted ?? context.pendingPlan ?? planOf(context);
  const next = previewNext(context);
  const preview = wanted ? previewChange(context, wanted, at) : next && { effectiveAt: null, now: null, next };
  return preview && plan && { ...preview, plan };
}

function withTax({ date, lines }: UpcomingInvoice, { price: { currency }, taxRegion }: Plan) {
  const { subtotal, tax, total } = totalsOf(lines, taxRateOf(taxRegion) ?? 0);
  const money = (amount: number) => ({ amount, currency });
  return { date, lines, subtotal: money(subtotal), tax: money(tax), total: money(total) };
}
