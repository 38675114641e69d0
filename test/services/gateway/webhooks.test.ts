import { expect } from 'chai';
import type { FlowmartOutgoing, FlowmartReceived } from '../../../machines/index.js';
import { messages } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { webhooks } from '../../../src/services/gateway/webhooks.js';
import { id, message } from '../../machines/given.js';
import { GatewayDesk, keyOf, processPayment, usd } from './gatewayDesk.js';
import { approved, ScriptedProvider } from './scriptedProvider.js';

type Webhook = FlowmartReceived<MessagesFor<'webhooks'>>;

describe('the webhooks of Stripe', () => {
  let desk: GatewayDesk;
  let paymentId: string;
  let story = 0;

  before(async () => {
    desk = await GatewayDesk.open();
  });
  after(() => desk.close());
  beforeEach(async () => {
    story += 1;
    paymentId = await desk.payment(`payment ${story}`);
  });

  const charge = (change: { paymentId?: string; metadata?: Record<string, string> } = {}) => ({
    stripeEventId: `evt_${story}`,
    paymentIntentId: `pi_${story}`,
    amount: usd(13497),
    paymentId,
    metadata: { paymentId, idempotencyKey: keyOf(paymentId) },
    ...change,
  });
  const succeeded = (change = {}) => message('StripeChargeSucceeded', charge(change));
  const failed = (declineCode: string | null, failureCode: string | null = 'card_declined') =>
    message('StripeChargeFailed', { ...charge(), failureCode, declineCode, failureMessage: 'Your card was declined.' });

  const tell = async (...told: Webhook[]) => {
    const handled = await desk.db
      .transaction()
      .execute((trx) => webhooks.handle(trx, told as Parameters<typeof webhooks.handle>[1]));
    const emitted = handled.map((one) => (one.emit ?? []) as FlowmartOutgoing[]);
    for (const { type, data } of emitted.flat()) messages[type].schema.parse(data);
    return emitted;
  };

  it('tell the payment of a charge under its key, in our words (record 005)', async () => {
    expect(await tell(succeeded())).to.deep.equal([
      [
        {
          type: 'ChargeSucceeded',
          data: {
            paymentId,
            attempt: null,
            idempotencyKey: keyOf(paymentId),
            gateway: 'stripe',
            gatewayReferenceId: `pi_${story}`,
            amount: usd(13497),
            responseCode: 'succeeded',
            responseMessage: 'Approved.',
          },
        },
      ],
    ]);
    expect((await desk.transactions(paymentId))[0]).to.include({ type: 'Sale', status: 'Success' });
  });

  it('tell why a charge failed and whether it may pass later', async () => {
    const [[funds], [expired], [unheard]] = (await tell(
      failed('insufficient_funds'),
      failed(null, 'expired_card'),
      failed(null, null),
    )) as [FlowmartOutgoing[], FlowmartOutgoing[], FlowmartOutgoing[]];
    expect(funds?.data).to.deep.include({ failureReason: 'insufficient_funds', canRetry: true, attempt: null });
    expect(expired?.data).to.deep.include({ failureReason: 'expired_card', canRetry: false });
    expect(unheard?.data).to.deep.include({ failureReason: 'other', failureCode: null, canRetry: false });
  });

  it('are logged once, however often they come, before or after the answer', async () => {
    const provider = new ScriptedProvider('stripe');
    provider.charges.push(approved(`pi_${story}`));
    desk.start({ providers: [provider], primary: 'stripe' });
    await tell(succeeded(), succeeded());
    await desk.settle(processPayment(paymentId));
    await tell(succeeded());
    expect(await desk.transactions(paymentId)).to.have.length(1);
  });

  it('say nothing about charges that are not ours', async () => {
    const stranger = id('nobody');
    const theirs = succeeded({ paymentId: stranger, metadata: { paymentId: stranger, idempotencyKey: 'x' } });
    expect(await tell(theirs, succeeded({ metadata: { paymentId } }), succeeded())).to.have.nested.property(
      '[2][0].type',
      'ChargeSucceeded',
    );
    expect(await tell(theirs, succeeded({ metadata: { paymentId } }))).to.deep.equal([[], []]);
    expect(await desk.transactions(stranger)).to.be.empty;
  });
});
