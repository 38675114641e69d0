import { expect } from 'chai';
import { sentenceOf } from '../../src/http/timelineSentences.js';
import { examples } from '../machines/examples.js';

const row = (change: Partial<Parameters<typeof sentenceOf>[0]>) =>
  sentenceOf({
    type: 'OrderConfirmed',
    data: {},
    recipient: 'order',
    from: null,
    to: null,
    outcome: 'handled',
    reason: null,
    ...change,
  });

describe('the sentences of a story', () => {
  it('say what happened, in money and words that people know', () => {
    const amount = { amount: 13497, currency: 'USD' };
    expect(row({ type: 'PaymentProcessed', data: { amount } })).to.equal('$134.97 was captured.');
    expect(row({ type: 'PaymentProcessed', data: { amount: { amount: 1980, currency: 'JPY' } } })).to.equal(
      '¥1,980 was captured.',
    );
    expect(row({ type: 'FraudCheckCompleted', data: { riskScore: 62, decision: 'MANUAL_REVIEW' } })).to.equal(
      'The risk is 62 of 100: manual review.',
    );
    expect(row({ type: 'StockAllocated', data: { allocations: [{ quantity: 1 }] } })).to.equal(
      'Held for the order: 1 unit.',
    );
  });

  it('say what it did', () => {
    const data = { attemptNumber: 1, failureReason: 'insufficient_funds', nextRetryAt: '2026-03-01T12:10:00.000Z' };
    const change = { from: 'confirmed.awaitingPayment', to: 'confirmed.paymentRetry', outcome: 'applied' };
    expect(row({ type: 'PaymentFailed', data, ...change })).to.equal(
      'Charge 1 failed: insufficient funds; next try at 2026-03-01T12:10:00.000Z. The order went from confirmed.awaitingPayment to confirmed.paymentRetry.',
    );
    expect(row({ to: 'held', recipient: 'reservation', outcome: 'applied' })).to.match(
      /\. The reservation began in held\.$/,
    );
    expect(row({ from: 'paid', to: 'paid', outcome: 'applied' })).not.to.contain('paid');
  });

  it('say why it did nothing', () => {
    expect(row({ outcome: 'ignored', reason: 'delivered does not take CancelOrder' })).to.match(
      /The order did nothing: delivered does not take CancelOrder\.$/,
    );
    expect(row({ outcome: 'refused', reason: 'Not that many.' })).to.match(/It was refused: Not that many\.$/);
  });

  it('fall back on the catalogue, without its references', () => {
    expect(row({ type: 'ReservationExpired' })).to.equal('An order’s hold ended unpaid.');
  });

  it('fit every message that there is', () => {
    for (const [type, data] of Object.entries(examples)) {
      const sentence = row({ type, data });
      expect(sentence, type).to.match(/^\S.{8,}\S$/s);
      expect(sentence, type).not.to.match(/undefined|null|NaN|\[object|Invalid/);
    }
  });

  it('tell of subscriptions and invoices in words that people know', () => {
    const said = (type: keyof typeof examples) => row({ type, data: examples[type] });
    expect(said('SubscribeUser')).to.equal('The customer subscribed to Pro Monthly, after 14 days of trial.');
    expect(said('SubscriptionGraceStarted')).to.match(/^Access is limited until \d{4}-\d\d-\d\d\.$/);
    expect(said('AllocateInvoiceNumber')).to.match(/^A number of (invoices|credit notes) of \d{4} was asked for\.$/);
  });

  it('name a timer by its purpose', () => {
    expect(row({ type: 'xstate.after.reservationWatch.order.confirmed.reserving' })).to.equal(
      'Time was up: reservation watch.',
    );
  });

  it('survive messages of other versions', () => {
    expect(row({ type: 'PaymentProcessed', data: { amount: null } })).to.equal(
      'Money was captured, once per captured payment.',
    );
    expect(row({ type: 'LongGone' })).to.equal('LongGone.');
  });
});
