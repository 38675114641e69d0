import { type Change, latestCharge } from './entities.js';
import { newId } from './identity.js';
import type { LedgerEntry } from './ledger.js';
import { type CardLookup, renderCharge, renderIntent, renderRefund } from './render.js';

/** The event types that the sandbox can send. */
export const webhookEventTypes = [
  'charge.succeeded',
  'charge.failed',
  'charge.captured',
  'charge.refunded',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.amount_capturable_updated',
  'payment_intent.requires_action',
  'payment_intent.canceled',
  'refund.created',
  'refund.updated',
  'refund.failed',
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

const eventsOfChange: Partial<Record<Change['type'], readonly WebhookEventType[]>> = {
  charged: ['charge.succeeded', 'payment_intent.succeeded'],
  authorized: ['charge.succeeded', 'payment_intent.amount_capturable_updated'],
  captured: ['charge.captured', 'payment_intent.succeeded'],
  declined: ['charge.failed', 'payment_intent.payment_failed'],
  actionRequired: ['payment_intent.requires_action'],
  canceled: ['payment_intent.canceled'],
  refunded: ['refund.created', 'charge.refunded', 'refund.updated'],
  refundPending: ['refund.created', 'charge.refunded'],
  refundSettled: ['refund.updated'],
  refundFailed: ['refund.failed', 'refund.updated'],
};

/** An event ready to be sent: the bytes that are signed. */
export interface WebhookEvent {
  id: string;
  type: WebhookEventType;
  payload: string;
}

/** The events that Stripe would send for a ledger entry, limited to the types an endpoint wants. */
export function eventsOf(
  entry: LedgerEntry,
  wanted: ReadonlySet<WebhookEventType>,
  apiVersion: string,
  cardOf: CardLookup,
): WebhookEvent[] {
  if (entry.type === 'reset') return [];
  const types = (eventsOfChange[entry.type] ?? []).filter((type) => wanted.has(type));
  return types.map((type) => {
    const id = newId('evt_3');
    const payload = JSON.stringify({
      id,
      object: 'event',
      api_version: apiVersion,
      created: Math.floor(Date.parse(entry.at) / 1000),
      data: { object: subjectOf(type, entry, cardOf) },
      livemode: false,
      pending_webhooks: 1,
      request: { id: entry.requestId, idempotency_key: entry.idempotencyKey },
      type,
    });
    return { id, type, payload };
  });
}

function subjectOf(type: WebhookEventType, change: Change, cardOf: CardLookup): object {
  const { intent, refund } = change;
  if (type.startsWith('refund.') && refund) return renderRefund(refund);
  if (type.startsWith('payment_intent.') && intent) return renderIntent(intent, cardOf);
  const charge = intent && latestCharge(intent);
  if (!charge) throw new Error(`A change of type ${change.type} has nothing to show in ${type}.`);
  return renderCharge(charge, intent, cardOf);
}
