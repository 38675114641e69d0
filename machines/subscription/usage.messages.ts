import { z } from 'zod';
import { billingPeriod } from '../invoice/invoice.messages.js';
import { command, privateEvent } from '../shared/message.js';
import { instant, money, uuid } from '../shared/values.js';
import { allowance, plan } from './subscription.values.js';

const subject = { subscriptionId: uuid, customerId: uuid };
const { allowance: amount, unit } = allowance.shape;

/** Messages about what subscribers use of the plans that allow only so much (S-08). */
export const usageMessages = {
  ReportUsage: command(
    '1.0.0',
    'Count what a subscriber has used.',
    z.strictObject({
      ...subject,
      quantity: z.int().min(1).max(1_000_000_000),
      /** When it was used; null for now. */
      at: instant.nullable(),
    }),
  ),
  AnalyseUsage: command(
    '1.0.0',
    'Look at what was used of a plan that was just renewed, and suggest a larger one if it is getting small (S-08, R-62).',
    z.strictObject({
      ...subject,
      plan: plan.required({ usage: true }),
      /** The period that was just paid. */
      period: billingPeriod,
      /** Since when the subscription gives access. */
      since: instant,
    }),
  ),
  UpgradeSuggested: privateEvent(
    '1.0.0',
    'A subscriber uses nearly all that their plan allows, or more, and a larger plan is on offer (S-08).',
    z.strictObject({
      ...subject,
      plan: z.strictObject({ planId: uuid, name: z.string(), allowance: amount }),
      /** Of the same rhythm. */
      suggested: z.strictObject({ planId: uuid, name: z.string(), allowance: amount, price: money }),
      unit,
      /** In the 90 days before, or since the subscription began. */
      used: z.int().min(1),
      /** What the period takes at that pace. */
      expected: z.int().min(1),
      period: billingPeriod,
    }),
  ),
};
