import { expect } from 'chai';
import { type FlowmartOutgoing, type MessageData, type MessageName, messages } from '../../../machines/index.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import type { Handled } from '../../../src/runtime/ports.js';
import { fraud } from '../../../src/services/fraud/fraud.js';
import { approvals, assessmentOf, openCases } from '../../../src/services/fraud/queries.js';
import { at, id, message } from '../../machines/given.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';

const home = { street: '1 Main St', city: 'Springfield', postalCode: '12345', country: 'US' };
const abroad = { street: 'Rue 1', city: 'Lyon', postalCode: '69001', country: 'FR' };
let payments = 0;

interface Wish {
  readonly customer?: string | null;
  readonly major?: number;
  readonly bill?: typeof home;
  readonly ship?: typeof home;
  readonly ip?: string;
  readonly device?: string;
  readonly minute?: number;
  readonly profile?: MessageData<'PaymentInitiated'>['profile'];
}

/** A payment that is opened; by a customer of yesterday's, at home, for a mug, unless it is said otherwise. */
function opened(wish: Wish = {}) {
  payments += 1;
  const { customer = `customer ${payments}`, ip, device, minute = 0 } = wish;
  const customerId = customer === null ? null : id(customer);
  return message(
    'PaymentInitiated',
    {
      paymentId: id(`payment ${payments}`),
      transactionId: id(`transaction ${payments}`),
      orderId: id(`order of payment ${payments}`),
      subscriptionId: null,
      invoiceId: null,
      customerId,
      userId: customerId,
      amount: { amount: (wish.major ?? 13) * 100, currency: 'USD' },
      paymentMethod: { type: 'card', token: 'pm_card_visa' },
      profile: wish.profile ?? 'order',
      risk: {
        ...(ip && { ipAddress: ip }),
        ...(device && { deviceId: device }),
        previousOrders: 0,
        customerSince: at(-60 * 30),
        shippingAddress: wish.ship ?? home,
        billingAddress: wish.bill ?? home,
      },
      initiatedAt: at(minute),
    },
    at(minute),
  );
}

const reviewed = () => opened({ major: 1_500, bill: abroad, customer: null });
const held = () => opened({ major: 10_000, bill: abroad, customer: null });
const blocked = () => opened({ major: 10_000, bill: abroad, ip: '203.0.113.4', customer: null });

const decided = (payment: ReturnType<typeof opened>, decision: 'APPROVED' | 'DECLINED', minute = 30) =>
  message(
    'OverrideFraudDecision',
    { paymentId: payment.data.paymentId, decision, reviewer: 'ann', note: 'called the customer' },
    at(minute),
  );

const failed = (payment: ReturnType<typeof opened>, minute = 60 * 24) =>
  message(
    'PaymentFailed',
    {
      paymentId: payment.data.paymentId,
      orderId: payment.data.orderId,
      subscriptionId: null,
      invoiceId: null,
      customerId: payment.data.customerId,
      amount: payment.data.amount,
      failureReason: 'fraud_suspected',
      failureCode: null,
      failureMessage: 'The payment did not pass the fraud check.',
      attemptNumber: 0,
      maxAttempts: 3,
      canRetry: false,
      methodUsable: true,
      nextRetryAt: null,
      timestamp: at(minute),
    },
    at(minute),
  );

function said<N extends MessageName>(handled: Handled | undefined, type: N): FlowmartOutgoing<N>['data'][] {
  return (handled?.emit ?? []).filter((one) => one.type === type).map((one) => one.data as FlowmartOutgoing<N>['data']);
}

describe('Fraud Detection', () => {
  let database: TestDatabase;
  let connection: Connection;

  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => {} });
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  type Messages = Parameters<typeof fraud.handle>[1];
  const tell = (...all: Messages) => connection.db.transaction().execute((trx) => fraud.handle(trx, all));
  const stored = (payment: ReturnType<typeof opened>) => assessmentOf(connection.db, payment.data.paymentId);
  const points = async (payment: ReturnType<typeof opened>, factor: string) =>
    (await stored(payment))?.factors.find((one) => one.name === factor)?.score;

  describe('a payment (S-036, S-038, S-048)', () => {
    it('is scored once and approved, and its trace is stored', async () => {
      const payment = opened();
      const [handled] = await tell(payment);
      expect(handled?.emit?.map((one) => one.type)).to.deep.equal(['RiskScoreCalculated', 'FraudCheckCompleted']);
      const [score] = said(handled, 'RiskScoreCalculated');
      const [check] = said(handled, 'FraudCheckCompleted');
      expect(score).to.include({
        riskScore: 10,
        riskLevel: 'minimal',
        recommendation: 'approve',
        requiresManualReview: false,
      });
      expect(check).to.include({
        riskScore: 10,
        decision: 'APPROVED',
        reviewDueAt: null,
        transactionId: payment.data.transactionId,
      });
      expect(check?.signals).to.deep.equal([
        { name: 'customer_history', weight: 0.05 },
        { name: 'device_fingerprint', weight: 0.05 },
      ]);

      const view = await stored(payment);
      expect(view).to.include({
        assessmentId: score?.assessmentId,
        riskScore: 10,
        decision: 'APPROVED',
        decidedBy: 'model',
        case: null,
      });
      expect(view?.factors).to.deep.equal(score?.factors);
      expect(await assessmentOf(connection.db, payment.data.transactionId)).to.deep.equal(view);
    });

    it('waits for a person from 50 on, who has 24 hours (R-42, R-46)', async () => {
      const payment = reviewed();
      const [handled] = await tell(payment);
      expect(said(handled, 'FraudCheckCompleted')[0]).to.include({
        riskScore: 55,
        decision: 'MANUAL_REVIEW',
        reviewDueAt: at(60 * 24),
      });
      expect(said(handled, 'FraudDetected')).to.deep.equal([]);
      expect((await stored(payment))?.case).to.include({
        severity: 'medium',
        status: 'open',
        dueAt: at(60 * 24),
        fraudType: 'unusual_location',
      });
      expect(await stored(payment)).to.include({ decision: 'MANUAL_REVIEW', decidedAt: null });
    });

    it('is held and reported from 80 on (S-037)', async () => {
      const [handled] = await tell(held());
      const [detected] = said(handled, 'FraudDetected');
      expect(detected).to.include({ severity: 'high', riskScore: 85, reviewRequired: true, reviewDueAt: at(60 * 24) });
      expect(detected?.actionsTaken).to.deep.equal(['payment_held']);
      expect(detected?.evidence.map((one) => one.type)).to.deep.equal([
        'order_amount',
        'shipping_billing_match',
        'customer_history',
        'device_fingerprint',
      ]);
    });

    it('is blocked from 90 on; nobody is asked (R-40)', async () => {
      const payment = blocked();
      const [handled] = await tell(payment);
      expect(said(handled, 'FraudCheckCompleted')[0]).to.include({
        riskScore: 100,
        decision: 'DECLINED',
        reviewDueAt: null,
      });
      expect(said(handled, 'FraudDetected')[0]).to.deep.include({
        severity: 'critical',
        actionsTaken: ['payment_blocked'],
        reviewRequired: false,
      });
      expect((await stored(payment))?.case).to.include({ status: 'declined', severity: 'critical', dueAt: null });
    });

    it('says everything once, however often it is told, and only what the catalogue allows', async () => {
      const all = [opened(), reviewed(), held(), blocked(), opened({ profile: 'renewal' })];
      const first = await tell(...all);
      for (const { type, data } of first.flatMap((handled) => handled.emit ?? []))
        messages[type as MessageName].schema.parse(data);
      expect(first.map((handled) => handled.emit?.length)).to.deep.equal([2, 2, 3, 3, 2]);
      expect((await tell(...all)).map((handled) => handled.emit)).to.deep.equal([[], [], [], [], []]);
    });
  });

  describe('velocity (R-43)', () => {
    it('counts a customer’s payments within the hour, this one included, in one batch as in many', async () => {
      const together = Array.from({ length: 6 }, () => opened({ customer: 'hurried' }));
      await tell(...together);
      const counts = await Promise.all(together.map((payment) => points(payment, 'velocity_check')));
      expect(counts.sort()).to.deep.equal([0, 0, 0, 0, 0, 25]);

      const apart = Array.from({ length: 6 }, (_, minute) => opened({ customer: 'steady', minute }));
      for (const payment of apart) await tell(payment);
      expect(await Promise.all(apart.map((payment) => points(payment, 'velocity_check')))).to.deep.equal([
        0, 0, 0, 0, 0, 25,
      ]);

      const later = opened({ customer: 'steady', minute: 63 });
      await tell(later);
      expect(await points(later, 'velocity_check')).to.equal(0);
    });

    it('counts the internet addresses of a customer within the hour', async () => {
      const all = [1, 2, 3, 3, 4].map((host, minute) => opened({ customer: 'roaming', ip: `10.0.0.${host}`, minute }));
      await tell(...all);
      expect(await Promise.all(all.map((payment) => points(payment, 'velocity_check')))).to.deep.equal([
        0, 0, 0, 0, 25,
      ]);
    });

    it('does not count what others do', async () => {
      const all = Array.from({ length: 7 }, (_, n) => opened({ customer: `one of many ${n}` }));
      await tell(...all, ...Array.from({ length: 7 }, () => opened({ customer: null })));
      expect(await points(all[6] as (typeof all)[0], 'velocity_check')).to.equal(0);
    });
  });

  it('knows devices and countries from earlier payments', async () => {
    const visits = [
      opened({ customer: 'dora', device: 'phone', minute: 0 }),
      opened({ customer: 'dora', device: 'phone', minute: 1 }),
      opened({ customer: 'dora', device: 'laptop', minute: 2, ship: abroad, bill: abroad }),
    ];
    await tell(...visits);
    expect(await Promise.all(visits.map((payment) => points(payment, 'device_fingerprint')))).to.deep.equal([0, 0, 5]);
    expect(await Promise.all(visits.map((payment) => points(payment, 'geolocation_mismatch')))).to.deep.equal([
      0, 0, 10,
    ]);

    const shared = ['a', 'b', 'c', 'd'].map((customer, minute) =>
      opened({ customer: `sharer ${customer}`, device: 'kiosk', minute }),
    );
    await tell(...shared);
    expect(await Promise.all(shared.map((payment) => points(payment, 'device_fingerprint')))).to.deep.equal([
      0, 0, 0, 25,
    ]);
  });

  describe('a person (G-05, 8.8)', () => {
    it('approves a held payment, which may then be charged (C-66)', async () => {
      const payment = held();
      await tell(payment);
      const { paymentId, transactionId, orderId } = payment.data;
      expect(await approvals(connection.db, [paymentId])).to.deep.equal(new Set());
      const [handled] = await tell(decided(payment, 'APPROVED'));
      expect(handled?.answer).to.deep.equal({ paymentId, transactionId, decision: 'APPROVED' });
      expect(said(handled, 'FraudDecisionOverridden')).to.deep.equal([
        {
          paymentId,
          transactionId,
          orderId,
          customerId: null,
          decision: 'APPROVED',
          reviewer: 'ann',
          timestamp: at(30),
        },
      ]);
      const view = await stored(payment);
      expect(view).to.include({
        decision: 'APPROVED',
        decidedBy: 'ann',
        decidedAt: at(30),
        note: 'called the customer',
      });
      expect(view?.case).to.include({ status: 'approved', closedAt: at(30) });
      expect(await approvals(connection.db, [paymentId, id('nothing')])).to.deep.equal(new Set([paymentId]));
    });

    it('may say the same twice, and not change it afterwards', async () => {
      const payment = reviewed();
      await tell(payment);
      const handled = await tell(
        decided(payment, 'DECLINED', 30),
        decided(payment, 'DECLINED', 31),
        decided(payment, 'APPROVED', 32),
      );
      expect(handled.map((one) => one.emit?.length ?? 0)).to.deep.equal([1, 0, 0]);
      expect(handled.map((one) => one.refuse?.code)).to.deep.equal([undefined, undefined, 'FRAUD_CASE_CLOSED']);
      expect(handled[1]?.answer).to.deep.equal(handled[0]?.answer);
      const [again] = await tell(decided(payment, 'APPROVED', 33));
      expect(again?.refuse?.details).to.deep.equal({ status: 'declined' });
      expect(await stored(payment)).to.include({ decision: 'DECLINED', decidedAt: at(30) });
    });

    it('is not asked about a payment that was approved, blocked or never seen', async () => {
      const [fine, bad] = [opened(), blocked()];
      await tell(fine, bad);
      const handled = await tell(decided(fine, 'DECLINED'), decided(bad, 'APPROVED'), decided(opened(), 'APPROVED'));
      expect(handled.map((one) => one.refuse?.code)).to.deep.equal([
        'NO_FRAUD_CASE',
        'FRAUD_CASE_CLOSED',
        'NO_FRAUD_CASE',
      ]);
    });

    it('can decide in the same batch that opens the case', async () => {
      const payment = reviewed();
      const handled = await tell(payment, decided(payment, 'APPROVED'));
      expect(handled.map((one) => one.emit?.length)).to.deep.equal([2, 1]);
    });
  });

  it('closes the case of a payment that nobody decided in time, and it is never approved (R-46)', async () => {
    const payment = held();
    await tell(payment);
    expect(await tell(failed(payment), decided(payment, 'APPROVED', 60 * 24))).to.have.nested.property(
      '[1].refuse.code',
      'FRAUD_CASE_CLOSED',
    );
    const view = await stored(payment);
    expect(view).to.include({ decision: 'DECLINED', decidedBy: 'deadline' });
    expect(view?.case?.status).to.equal('expired');
    expect(await approvals(connection.db, [payment.data.paymentId])).to.deep.equal(new Set());
  });

  it('closes the case of a payment that is cancelled, and it is never approved (P-18)', async () => {
    const payment = held();
    const { paymentId, orderId, customerId } = payment.data;
    const subject = { paymentId, orderId, customerId, subscriptionId: null, invoiceId: null };
    await tell(payment);
    await tell(message('PaymentCancelled', { ...subject, timestamp: at(60) }, at(60)));
    const view = await stored(payment);
    expect(view).to.deep.include({ decision: 'DECLINED', decidedBy: 'cancellation', decidedAt: at(60) });
    expect(view?.case?.status).to.equal('expired');
    expect((await tell(decided(payment, 'APPROVED', 61)))[0]?.refuse?.code).to.equal('FRAUD_CASE_CLOSED');
  });

  it('leaves a decided case alone when its payment fails', async () => {
    const payment = held();
    await tell(payment, decided(payment, 'DECLINED'), failed(payment), failed(opened()));
    expect((await stored(payment))?.case?.status).to.equal('declined');
  });

  it('lists the cases that wait, the most urgent first', async () => {
    const [late, early] = [
      opened({ major: 10_000, bill: abroad, minute: -50 }),
      opened({ major: 10_000, bill: abroad, minute: -100 }),
    ];
    await tell(late, early);
    const [first, second] = await openCases(connection.db, { limit: 2 });
    expect([first?.paymentId, second?.paymentId]).to.deep.equal([early.data.paymentId, late.data.paymentId]);
  });
});
