import { expect } from 'chai';
import type { Kysely } from 'kysely';
import { messages } from '../../machines/index.js';
import type { Database } from '../../src/db/tables.js';
import { newId } from '../../src/http/ids.js';
import { type WebhookEvent, webhooksRouter } from '../../src/http/webhooks.js';
import type { Accepted, AcceptRequest } from '../../src/runtime/accept.js';
import { storeActor } from '../db/storeActor.js';
import { openDatabase } from './connection.js';
import { serving, silent } from './serving.js';

const accepted: Accepted = {
  outcome: 'applied',
  state: null,
  version: null,
  snapshot: null,
  allowedEvents: [],
  reason: null,
  refusal: null,
  answer: undefined,
};

describe('webhooks of Stripe', () => {
  let db: Kysely<Database>;
  let close: () => Promise<void>;
  let server: ReturnType<typeof serving>;
  let requests: AcceptRequest[];
  let event: WebhookEvent;
  let seen: { body: string; signature: string } | undefined;
  let accept: () => Promise<Accepted>;
  const paymentId = newId();
  const correlationId = newId();

  before(async () => {
    ({ db, close } = await openDatabase());
    const context = { paymentId, orderId: newId(), amount: { amount: 100, currency: 'USD' }, refunded: 0 };
    await storeActor(db, 'payments.payments', paymentId, { state: 'authorizing', context, correlationId });
    const router = webhooksRouter({
      db,
      log: silent,
      acceptor: {
        accept: (request) => {
          requests.push(request);
          return accept();
        },
      },
      parseWebhook: (rawBody, signature) => {
        seen = { body: rawBody.toString(), signature };
        if (signature !== 'good') throw Object.assign(new Error('no'), { code: 'WEBHOOK_SIGNATURE_INVALID' });
        return event;
      },
    });
    server = serving(router);
  });
  after(() => close());
  beforeEach(() => {
    requests = [];
    seen = undefined;
    accept = () => Promise.resolve(accepted);
    event = charge({ kind: 'succeeded', gatewayReferenceId: 'pi_1' });
  });

  const charge = (
    outcome: Extract<WebhookEvent, { kind: 'charge' }>['outcome'],
    metadata: Record<string, string> = { paymentId, idempotencyKey: 'k1' },
  ): WebhookEvent => ({
    providerEventId: 'evt_1',
    occurredAt: '2026-03-01T12:00:00.000Z',
    kind: 'charge',
    metadata,
    amount: 100,
    currency: 'USD',
    outcome,
  });

  const post = (body = '{"id":"evt_1"}', signature = 'good') =>
    server
      .post('/webhooks/stripe')
      .set('Stripe-Signature', signature)
      .set('Content-Type', 'application/json')
      .send(body);

  it('are checked as the bytes that came', async () => {
    const answer = await post('{ "id":  "evt_1" }');
    expect(answer.status).to.equal(200);
    expect(seen).to.deep.equal({ body: '{ "id":  "evt_1" }', signature: 'good' });
  });

  it('tell the gateway of a charge, as part of the request that led to it', async () => {
    await post();
    expect(requests).to.have.lengthOf(1);
    expect(requests[0]).to.include({ type: 'StripeChargeSucceeded', correlationId });
    expect(messages.StripeChargeSucceeded.schema.parse(requests[0]?.data)).to.deep.equal({
      stripeEventId: 'evt_1',
      paymentIntentId: 'pi_1',
      amount: { amount: 100, currency: 'USD' },
      metadata: { paymentId, idempotencyKey: 'k1' },
      paymentId,
    });
  });

  it('tell it of a charge that failed', async () => {
    event = charge({
      kind: 'declined',
      gatewayReferenceId: 'pi_1',
      failureCode: 'insufficient_funds',
      failureMessage: 'Not enough.',
    });
    await post();
    expect(requests[0]?.type).to.equal('StripeChargeFailed');
    expect(messages.StripeChargeFailed.schema.parse(requests[0]?.data)).to.include({
      failureCode: 'insufficient_funds',
      failureMessage: 'Not enough.',
    });
  });

  it('are the same message however often they come', async () => {
    await post();
    await post();
    expect(requests[0]?.id).to.equal(requests[1]?.id);
    event = { ...event, providerEventId: 'evt_2' };
    await post();
    expect(requests[2]?.id).not.to.equal(requests[0]?.id);
  });

  it('are refused with a wrong signature, or none', async () => {
    for (const signature of ['bad', '']) {
      const answer = await post('{}', signature);
      expect(answer.status).to.equal(400);
      expect(answer.body.code).to.equal('INVALID_SIGNATURE');
    }
    expect(requests).to.be.empty;
  });

  for (const [what, made] of [
    [
      'no charge',
      () => ({ providerEventId: 'evt_1', occurredAt: '2026-03-01T12:00:00.000Z', kind: 'ignored' }) as const,
    ],
    ['a refund', () => ({ providerEventId: 'evt_1', occurredAt: '2026-03-01T12:00:00.000Z', kind: 'refund' }) as const],
    ['an authorisation', () => charge({ kind: 'authorized', gatewayReferenceId: 'pi_1' })],
    [
      'a charge of somebody else',
      () => charge({ kind: 'succeeded', gatewayReferenceId: 'pi_1' }, { paymentId: newId() }),
    ],
    ['a charge without our mark', () => charge({ kind: 'succeeded', gatewayReferenceId: 'pi_1' }, {})],
    [
      'a charge with a mark that is none',
      () => charge({ kind: 'succeeded', gatewayReferenceId: 'pi_1' }, { paymentId: 'x' }),
    ],
  ] as const) {
    it(`are taken and do nothing when they tell of ${what}`, async () => {
      event = made();
      const answer = await post();
      expect(answer.status).to.equal(200);
      expect(requests).to.be.empty;
    });
  }

  it('come again when they could not be taken', async () => {
    accept = () => Promise.reject(new Error('down'));
    expect((await post()).status).to.equal(500);
  });

  it('may have 64 KiB', async () => {
    expect((await post('x'.repeat(64 * 1024 + 1))).status).to.equal(413);
  });
});
