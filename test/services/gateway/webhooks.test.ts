import { expect } from 'chai';
import type { FlowmartOutgoing, FlowmartReceived } from '../../../machines/index.js';
import { messages } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { webhooks } from '../../../src/services/gateway/webhooks.js';
import { id, message } from '../../machines/given.js';
import { captureCharge, GatewayDesk, keyOf, processPayment, usd } from './gatewayDesk.js';
import { approved, ScriptedProvider, taken } from './scriptedProvider.js';

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

  it('tell of the capture, or the end, of an authorisation (P-15, P-18)', async () => {
    const first = await desk.payment(`authorised first ${story}`, true, false);
    const provider = new ScriptedProvider('stripe');
    provider.captures.push(taken(`pi_${story}`));
    desk.start({ providers: [provider], primary: 'stripe' });
    await desk.settle(captureCharge(first, `pi_${story}`));
    const about = { paymentId: first, metadata: { paymentId: first, idempotencyKey: keyOf(first) } };
    expect((await tell(succeeded(about)))[0]?.[0]).to.have.property('type', 'ChargeSucceeded');
    expect(await desk.log(first), 'told twice').to.deep.equal(['Capture Success']);
    const canceled = { failureCode: 'canceled', declineCode: null, failureMessage: 'It was canceled.' };
    const other = { ...charge(about), ...canceled, paymentIntentId: `pi_other_${story}` };
    expect(await tell(message('StripeChargeFailed', other))).to.deep.equal([
      [
        {
          type: 'ChargeVoided',
          data: { paymentId: first, gateway: 'stripe', gatewayReferenceId: `pi_other_${story}`, amount: usd(13497) },
        },
      ],
    ]);
    expect(await desk.log(first)).to.deep.equal(['Capture Success', 'Void Success']);
    const [[atOnce]] = (await tell(message('StripeChargeFailed', { ...charge(), ...canceled }))) as [
      FlowmartOutgoing[],
    ];
    expect(atOnce?.type, 'of a charge that was never only authorised').to.equal('ChargeFailed');
    expect(await desk.log(paymentId)).to.deep.equal(['Sale Failure']);
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
