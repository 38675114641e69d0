import type { InvoiceLine } from '../invoice/invoice.messages.js';
import { migrated, nextBill, prorate } from './subscription.billing.js';
import { planOf, type SubscriptionContext } from './subscription.context.js';
import { isUpgrade } from './subscription.rules.js';
import type { Plan } from './subscription.values.js';

/** What an invoice will say, before tax. */
export interface UpcomingInvoice {
  readonly date: string;
  readonly lines: readonly InvoiceLine[];
}

/** What a change of plan does: the invoice that it produces now, if it does, and the one of the next period. */
export interface ChangePreview {
  readonly effectiveAt: string;
  /** Null for a change that waits for the next period. */
  readonly now: UpcomingInvoice | null;
  readonly next: UpcomingInvoice;
}

/** Returns the invoice of the next period as things stand; null where no period is running, and for a delivery. */
export function previewNext(context: SubscriptionContext): UpcomingInvoice | null {
  if (context.period === null || context.terms.kind === 'delivery') return null;
  const { period, lines } = nextBill(context, context.subscriptionId, null);
  return { date: period.start, lines };
}

/**
 * Returns the exact lines that ChangePlan will produce when it names this instant as its `prorationAt` (S-30); null where a
 * plan cannot be changed: no period is running, or it is a delivery.
 */
export function previewChange(context: SubscriptionContext, plan: Plan, at: string): ChangePreview | null {
  const present = planOf(context);
  if (context.period === null || present === null) return null;
  const isNow = isUpgrade(present, plan);
  const proration = prorate(context, context.period, plan, at);
  const change = isNow
    ? migrated(context, { ...proration, invoiceId: context.subscriptionId, total: null, attempt: null })
    : { pendingPlan: plan };
  const next = previewNext({ ...context, ...change });
  if (next === null) return null;
  return {
    effectiveAt: isNow ? at : context.period.end,
    now: isNow ? { date: at, lines: proration.lines } : null,
    next,
  };
}
