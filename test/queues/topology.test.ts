import { expect } from 'chai';
import { type MessageName, messages } from '../../machines/index.js';
import {
  check,
  publicData,
  publicText,
  queueOf,
  queueServices,
  route,
  timerQueue,
  wires,
} from '../../queues/routing.js';
import { actors, channels, commands, inline, type Recipient, recipients, type Service } from '../../queues/topology.js';
import { examples } from '../machines/examples.js';

const names = Object.keys(messages) as MessageName[];
const entries = [...Object.values(channels), ...Object.values(commands), inline].flatMap((part) => Object.keys(part));

/** Who receives a message, as `recipient queue`. */
const receivers = (type: MessageName, changes: object = {}): string[] =>
  route(type, { ...(examples[type] as object), ...changes }).deliveries.map(
    ({ recipient, queue }) => `${recipient} ${queue}`,
  );

/** The services that a message reaches through a queue. */
const services = (type: MessageName): Service[] =>
  (wires.get(type)?.addresses ?? []).flatMap(({ queue }) => (queue ? [queueServices.get(queue) as Service] : []));

describe('the topology', () => {
  it('has every message of the catalogue exactly once', () => {
    expect(entries).to.have.members(names);
    expect(new Set(entries).size).to.equal(entries.length);
    expect([...wires.keys()]).to.have.members(names);
  });

  it('has events on channels, and commands in one queue each', () => {
    for (const events of Object.values(channels))
      for (const type of Object.keys(events)) expect(messages[type as MessageName].intent, type).to.equal('event');
    for (const byType of Object.values(commands))
      for (const type of Object.keys(byType)) expect(messages[type as MessageName].intent, type).to.equal('command');
  });

  it('keeps what is answered within a drain from the public', () => {
    for (const type of Object.keys(inline)) expect(messages[type as MessageName].visibility, type).to.equal('private');
  });

  it('names its queues so that BullMQ takes them', () => {
    expect(queueServices.size).to.be.above(20);
    for (const queue of queueServices.keys())
      expect(queue)
        .to.match(/^[a-z][a-z.-]+$/)
        .and.not.include(':');
  });

  it('gives each subscription of a channel a queue of its own, and each service its commands', () => {
    expect([...queueServices.keys()]).to.include.members([
      'orders-domain-eventbus.inventory',
      'orders-domain-eventbus.notifications',
      'inventory-domain-eventbus.orders',
      'orders.commands',
      'payment-gateway.commands',
      'notifications-queue',
    ]);
    for (const wire of wires.values())
      for (const { queue, to } of wire.addresses)
        if (queue) expect(queueServices.get(queue), `${queue} is of one service`).to.equal(recipients[to]);
  });

  it('brings timers to each kind of actor', () => {
    for (const actor of actors) {
      const queue = timerQueue(recipients[actor]);
      expect(queueServices.get(queue)).to.equal(recipients[actor]);
      expect(queueOf('xstate.after.60000.any.state', actor)).to.equal(queue);
    }
  });

  it('brings what is woken by hand or by the sweeper through the queue it was sent to', () => {
    for (const wire of wires.values())
      for (const { queue, to } of wire.addresses) if (queue) expect(queueOf(wire.type, to)).to.equal(queue);
  });

  describe('has the subscriptions of the FlowMart catalogue (domain 1.3)', () => {
    const subscriptions: readonly [Service, MessageName][] = [
      ['orders', 'InventoryAdjusted'],
      ['inventory', 'UserSignedUp'],
      ['inventory', 'OrderConfirmed'],
      ['inventory', 'UpdateInventory'],
      ['inventory', 'AddInventory'],
      ['inventory', 'DeleteInventory'],
      ['payment', 'PaymentInitiated'],
      ['fraud', 'PaymentInitiated'],
      ['subscription', 'PaymentProcessed'],
      ['billing', 'PaymentProcessed'],
      ['notifications', 'InvoiceGenerated'],
      ['notifications', 'UserSubscriptionCancelled'],
    ];
    for (const [service, type] of subscriptions)
      it(`${service} ← ${type}`, () => {
        expect(services(type)).to.include(service);
      });

    const publications: readonly MessageName[] = [
      ...(['OrderConfirmed', 'OrderCancelled', 'InventoryAdjusted', 'OutOfStock', 'PaymentProcessed'] as const),
      ...(['FraudCheckCompleted', 'FraudDetected', 'RiskScoreCalculated', 'InvoiceGenerated'] as const),
      ...(['UserSubscriptionStarted', 'UserSubscriptionCancelled', 'SubscriptionPaymentDue'] as const),
    ];
    for (const type of publications)
      it(`everybody ← ${type}`, () => {
        expect(route(type, examples[type]).channel).to.match(/-domain-eventbus$/);
      });
  });

  describe('sends a message', () => {
    it('to its receivers by the id that its payload names, with the queue of each', () => {
      const { orderId } = examples.OrderConfirmed;
      expect(route('OrderConfirmed', examples.OrderConfirmed).deliveries).to.deep.equal([
        { recipient: 'reservation', actorId: orderId, queue: 'orders-domain-eventbus.inventory' },
        { recipient: 'notifications', actorId: orderId, queue: 'orders-domain-eventbus.notifications' },
      ]);
      expect(receivers('AllocateStock')).to.deep.equal(['stock null']);
    });

    it('to nobody whose id is missing', () => {
      expect(receivers('PaymentProcessed')).to.include('order payment-domain-eventbus.orders');
      expect(receivers('PaymentProcessed', { orderId: null }).join()).not.to.match(/order |reservation/);
    });

    it('only to those whom it concerns', () => {
      const { paymentId } = examples.PaymentFailed;
      const reaches = (to: Recipient, type: MessageName, changes: object) =>
        receivers(type, changes).some((receiver) => receiver.startsWith(`${to} `));
      expect(reaches('order', 'InventoryAdjusted', { reason: 'order_reserved' })).to.equal(true);
      expect(reaches('order', 'InventoryAdjusted', { reason: 'restock' })).to.equal(false);
      expect(reaches('order', 'FraudCheckCompleted', { decision: 'MANUAL_REVIEW' })).to.equal(true);
      expect(reaches('order', 'FraudCheckCompleted', { decision: 'APPROVED' })).to.equal(false);
      expect(reaches('payment', 'FraudCheckCompleted', { decision: 'APPROVED' })).to.equal(true);
      expect(reaches('notifications', 'FraudCheckCompleted', { decision: 'APPROVED' })).to.equal(false);
      expect(reaches('order', 'FraudDetected', { severity: 'high' })).to.equal(true);
      expect(reaches('order', 'FraudDetected', { severity: 'critical' })).to.equal(false);
      expect(reaches('fraud', 'PaymentFailed', { failureReason: 'fraud_suspected' })).to.equal(true);
      expect(reaches('fraud', 'PaymentFailed', { failureReason: 'card_declined' })).to.equal(false);
      expect(reaches('notifications', 'PaymentFailed', { invoiceId: null, canRetry: false })).to.equal(true);
      expect(reaches('notifications', 'PaymentFailed', { invoiceId: paymentId, canRetry: true })).to.equal(true);
      expect(reaches('notifications', 'PaymentFailed', { invoiceId: paymentId, canRetry: false })).to.equal(false);
      expect(reaches('subscription', 'InvoiceGenerated', { status: 'generated' })).to.equal(true);
      expect(reaches('subscription', 'InvoiceGenerated', { status: 'paid' })).to.equal(false);
      expect(reaches('subscription', 'OrderCancelled', { subscriptionId: undefined })).to.equal(false);
      expect(reaches('notifications', 'OutOfStock', { orderId: undefined })).to.equal(true);
      expect(reaches('notifications', 'OutOfStock', {})).to.equal(false);
    });

    it('to the stream of its channel when it is public, and to none when it is not', () => {
      for (const type of names) {
        const { channel } = route(type, examples[type]);
        expect(channel !== null, type).to.equal(messages[type].visibility === 'public');
        if (channel) expect(Object.keys(channels[channel as keyof typeof channels])).to.include(type);
      }
    });

    it('to the stream without what is personal in it (invariant 10)', () => {
      const seen = publicData('OrderConfirmed', examples.OrderConfirmed);
      expect(seen).not.to.have.property('shippingAddress');
      expect(seen).to.have.property('orderId', examples.OrderConfirmed.orderId);
      expect(publicData('PaymentProcessed', examples.PaymentProcessed)).to.deep.equal(examples.PaymentProcessed);
    });

    it('to the stream without what is personal in it even where the log has kept it', () => {
      const logged = JSON.stringify(examples.OrderConfirmed);
      expect(logged).to.include('shippingAddress');
      const text = publicText('OrderConfirmed', logged);
      expect(JSON.parse(text)).to.deep.equal(publicData('OrderConfirmed', examples.OrderConfirmed));
      expect(publicText('OrderConfirmed', text)).to.equal(text);
    });
  });

  it('refuses a message that is not in the catalogue, and a payload that is not the message’s', () => {
    const codeOf = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return 'nothing thrown';
    };
    expect(codeOf(() => check('Gibberish', {}))).to.equal('UNKNOWN_MESSAGE');
    expect(codeOf(() => route('Gibberish', {}))).to.equal('UNKNOWN_MESSAGE');
    expect(codeOf(() => check('CancelPayment', { paymentId: 'p' }))).to.equal('INVALID_PAYLOAD');
    expect(() => check('CancelPayment', { ...examples.CancelPayment, paymentId: 'p' })).to.throw(
      /^CancelPayment: paymentId: /,
    );
    for (const type of names) check(type, examples[type]);
  });
});
