import Router from '@koa/router';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import type { MessageData } from '../../machines/index.js';
import type { Database } from '../db/tables.js';
import type { Acceptor } from '../runtime/accept.js';
import { idOf, isUuid } from './ids.js';
import { readBytes } from './jsonBody.js';
import type { HttpState } from './middleware/httpState.js';
import { problem } from './problem.js';

/** What a payment provider tells by webhook, as far as it matters here. */
export type WebhookEvent = {
  readonly providerEventId: string;
  /** UTC ISO 8601. */
  readonly occurredAt: string;
} & (
  | {
      readonly kind: 'charge';
      readonly metadata: Readonly<Record<string, string>>;
      /** Minor units. */
      readonly amount: number;
      readonly currency: string;
      readonly outcome:
        | { readonly kind: 'succeeded'; readonly gatewayReferenceId: string }
        | { readonly kind: 'authorized'; readonly gatewayReferenceId: string }
        | {
            readonly kind: 'declined';
            readonly gatewayReferenceId: string | null;
            readonly failureCode: string;
            readonly failureMessage: string;
          };
    }
  | { readonly kind: 'refund' }
  | { readonly kind: 'ignored' }
);

/**
 * Verifies and reads a webhook from its raw bytes.
 * @throws an error with the code WEBHOOK_SIGNATURE_INVALID
 */
export type ParseWebhook = (rawBody: Buffer, signature: string) => WebhookEvent;

interface WebhookOptions {
  readonly db: Kysely<Database>;
  readonly acceptor: Acceptor;
  readonly parseWebhook: ParseWebhook;
  readonly log: Logger;
}

/** `POST /webhooks/stripe`: what Stripe says about charges goes to the gateway, once per event of Stripe's. */
export function webhooksRouter({ db, acceptor, parseWebhook, log }: WebhookOptions): Router<HttpState> {
  const router = new Router<HttpState>();
  router.post('/webhooks/stripe', async (ctx) => {
    ctx.state.route = '/webhooks/stripe';
    const event = verified(parseWebhook, await readBytes(ctx.req), ctx.get('Stripe-Signature'));
    const command = commandOf(event);
    const correlationId = command ? await correlationOf(db, command.data.paymentId) : undefined;
    if (command && correlationId) {
      const id = idOf(event.providerEventId, Date.parse(event.occurredAt));
      await acceptor.accept({ ...command, id, correlationId });
    } else {
      log.debug({ providerEventId: event.providerEventId, kind: event.kind }, 'webhook tells nothing new');
    }
    ctx.body = { received: true };
  });
  return router;
}

function verified(parseWebhook: ParseWebhook, rawBody: Buffer, signature: string): WebhookEvent {
  try {
    return parseWebhook(rawBody, signature);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'WEBHOOK_SIGNATURE_INVALID')
      throw problem('INVALID_SIGNATURE', 'The signature does not match the body.');
    throw error;
  }
}

type Command =
  | { readonly type: 'StripeChargeSucceeded'; readonly data: MessageData<'StripeChargeSucceeded'> }
  | { readonly type: 'StripeChargeFailed'; readonly data: MessageData<'StripeChargeFailed'> };

/** The command that an event amounts to; null when the gateway has nothing to learn from it. */
function commandOf(event: WebhookEvent): Command | null {
  if (event.kind !== 'charge') return null;
  const { outcome, metadata, amount, currency } = event;
  const { paymentId } = metadata;
  if (!paymentId || !isUuid(paymentId) || !outcome.gatewayReferenceId) return null;
  const told = {
    stripeEventId: event.providerEventId,
    paymentIntentId: outcome.gatewayReferenceId,
    amount: { amount, currency },
    metadata: { ...metadata },
    paymentId,
  };
  if (outcome.kind === 'succeeded') return { type: 'StripeChargeSucceeded', data: told };
  if (outcome.kind !== 'declined') return null;
  const { failureCode, failureMessage } = outcome;
  return { type: 'StripeChargeFailed', data: { ...told, failureCode, declineCode: null, failureMessage } };
}

/** The request that led to a payment; undefined for a payment that is not ours. */
async function correlationOf(db: Kysely<Database>, paymentId: string): Promise<string | undefined> {
  const { rows } = await sql<{ correlation_id: string }>`
    select correlation_id from payments.payments where id = ${paymentId}`.execute(db);
  return rows[0]?.correlation_id;
}
