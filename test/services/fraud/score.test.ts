import { expect } from 'chai';
import fc from 'fast-check';
import {
  decide,
  levelOf,
  noHistory,
  type RiskHistory,
  type RiskInput,
  scoreRisk,
} from '../../../src/services/fraud/score.js';
import { at, id } from '../../machines/given.js';

const home = { street: '1 Main St.', city: 'Springfield', postalCode: '12345', country: 'US' };
const abroad = { street: 'Rue 1', city: 'Lyon', postalCode: '69001', country: 'FR' };

/** A mug for a customer who signed up an hour ago and named no device: what a first curl sends. */
const mug: RiskInput = {
  profile: 'order',
  amount: { amount: 1299, currency: 'USD' },
  at: at(),
  customerId: id('ann'),
  previousOrders: 0,
  customerSince: at(-60),
  ipAddress: '127.0.0.1',
  deviceId: null,
  shippingAddress: home,
  billingAddress: home,
  history: noHistory,
};

const dollars = (major: number) => ({ amount: major * 100, currency: 'USD' });
const seen = (history: Partial<RiskHistory>): RiskHistory => ({ ...noHistory, ...history });
const returning = { previousOrders: 3, customerSince: at(-60 * 24 * 90) };

/** The points of one factor. */
const points = (input: Partial<RiskInput>, name: string) =>
  scoreRisk({ ...mug, ...input }).factors.find((factor) => factor.name === name)?.score;

describe('the fraud model', () => {
  describe('worked examples (R-40, R-42, R-44)', () => {
    const examples: readonly (readonly [title: string, input: Partial<RiskInput>, score: number, decision: string])[] =
      [
        ['a mug for a new customer', {}, 15, 'APPROVED'],
        [
          'a mug for a customer who has paid before, from a known device',
          { ...returning, deviceId: 'd1', history: seen({ deviceKnown: true, hasDevices: true, countries: ['US'] }) },
          0,
          'APPROVED',
        ],
        ['a mug for a guest', { customerId: null, customerSince: null }, 20, 'APPROVED'],
        ['a mug billed in another country', { billingAddress: abroad }, 40, 'APPROVED'],
        [
          'a thousand billed in another country',
          { billingAddress: abroad, amount: dollars(1_000) },
          50,
          'MANUAL_REVIEW',
        ],
        ['ten thousand', { amount: dollars(10_000) }, 55, 'MANUAL_REVIEW'],
        ['the sixth payment within an hour', { history: seen({ paymentsLastHour: 6 }) }, 40, 'APPROVED'],
        ['the fourth internet address within an hour', { history: seen({ ipsLastHour: 4 }) }, 40, 'APPROVED'],
        ['both of these', { history: seen({ paymentsLastHour: 6, ipsLastHour: 4 }) }, 65, 'MANUAL_REVIEW'],
        [
          'ten thousand billed in another country',
          { billingAddress: abroad, amount: dollars(10_000) },
          80,
          'MANUAL_REVIEW',
        ],
        [
          'the same by a guest',
          { customerId: null, billingAddress: abroad, amount: dollars(10_000) },
          85,
          'MANUAL_REVIEW',
        ],
        [
          'the same from an internet address that hides',
          { billingAddress: abroad, amount: dollars(10_000), ipAddress: '203.0.113.9' },
          100,
          'DECLINED',
        ],
      ];
    for (const [title, input, score, decision] of examples) {
      it(`${title}: ${score}, ${decision}`, () => {
        const risk = scoreRisk({ ...mug, ...input });
        expect([risk.score, risk.decision]).to.deep.equal([score, decision]);
      });
    }
  });

  it('decides at 50 and 90, and names levels at 20, 50 and 80 (R-40, R-42, C-11)', () => {
    expect([49, 50, 79, 80, 89, 90].map(decide)).to.deep.equal([
      'APPROVED',
      'MANUAL_REVIEW',
      'MANUAL_REVIEW',
      'MANUAL_REVIEW',
      'MANUAL_REVIEW',
      'DECLINED',
    ]);
    expect([19, 20, 49, 50, 79, 80].map(levelOf)).to.deep.equal(['minimal', 'low', 'low', 'medium', 'medium', 'high']);
  });

  describe('each factor', () => {
    it('customer_history: knows guests, new customers, first orders and those who have paid', () => {
      expect(points({ customerId: null }, 'customer_history')).to.equal(15);
      expect(points({ customerSince: at(-60 * 24 + 1) }, 'customer_history')).to.equal(10);
      expect(points({ customerSince: at(-60 * 24) }, 'customer_history')).to.equal(5);
      expect(points({ previousOrders: 1 }, 'customer_history')).to.equal(0);
    });

    it('device_fingerprint: a shared device weighs most', () => {
      expect(points({}, 'device_fingerprint')).to.equal(5);
      const deviceId = 'd1';
      expect(points({ deviceId }, 'device_fingerprint')).to.equal(0);
      expect(points({ deviceId, history: seen({ hasDevices: true }) }, 'device_fingerprint')).to.equal(5);
      expect(
        points({ deviceId, history: seen({ hasDevices: true, deviceKnown: true }) }, 'device_fingerprint'),
      ).to.equal(0);
      expect(points({ deviceId, history: seen({ otherCustomersOnDevice: 2 }) }, 'device_fingerprint')).to.equal(0);
      expect(
        points({ deviceId, history: seen({ otherCustomersOnDevice: 3, deviceKnown: true }) }, 'device_fingerprint'),
      ).to.equal(25);
    });

    it('shipping_billing_match: looks at what an address says, not at how it is written', () => {
      const match = (billingAddress: RiskInput['billingAddress']) =>
        points({ billingAddress }, 'shipping_billing_match');
      expect(match({ ...home, street: '1 main st' })).to.equal(0);
      expect(match({ ...home, street: '2 Main St.' })).to.equal(5);
      expect(match({ ...home, postalCode: '99999' })).to.equal(5);
      expect(match(abroad)).to.equal(25);
      expect(match(null)).to.equal(0);
    });

    it('velocity_check: more than five payments, more than three internet addresses (R-43)', () => {
      const velocity = (paymentsLastHour: number, ipsLastHour: number) =>
        points({ history: seen({ paymentsLastHour, ipsLastHour }) }, 'velocity_check');
      expect([velocity(5, 3), velocity(6, 3), velocity(5, 4), velocity(6, 4)]).to.deep.equal([0, 25, 25, 50]);
    });

    it('geolocation_mismatch: an address elsewhere, one that hides, a country never shipped to', () => {
      const where = (ipAddress: string | null, countries: string[] = []) =>
        points({ ipAddress, history: seen({ countries }) }, 'geolocation_mismatch');
      expect([
        where(null),
        where('8.8.8.8'),
        where('192.0.2.1'),
        where('198.51.100.7'),
        where('203.0.113.7'),
      ]).to.deep.equal([0, 0, 0, 20, 20]);
      expect([where(null, ['US', 'FR']), where(null, ['FR']), where('203.0.113.7', ['FR'])]).to.deep.equal([0, 10, 30]);
    });

    it('order_amount: rises in steps, the same in every currency', () => {
      const amount = (major: number, currency = 'USD') =>
        points({ amount: { amount: Math.round(major * 100), currency } }, 'order_amount');
      expect([499.99, 500, 1_000, 2_500, 5_000, 9_999.99, 10_000].map((major) => amount(major))).to.deep.equal([
        0, 5, 10, 20, 30, 30, 40,
      ]);
      expect(amount(10_000, 'GBP')).to.equal(40);
    });
  });

  it('judges a renewal by how much and how often only, and by half (C-28)', () => {
    const risk = scoreRisk({
      ...mug,
      profile: 'renewal',
      amount: dollars(20_000),
      ipAddress: null,
      shippingAddress: null,
      billingAddress: null,
      history: seen({ paymentsLastHour: 9, otherCustomersOnDevice: 5 }),
    });
    expect(
      risk.factors.filter((factor) => factor.score > 0).map((factor) => [factor.name, factor.score]),
    ).to.deep.equal([
      ['velocity_check', 12],
      ['order_amount', 20],
    ]);
    expect(risk.decision).to.equal('APPROVED');
    expect(risk.confidence).to.equal(0.99);
  });

  it('is less sure the less it knows', () => {
    expect(scoreRisk({ ...mug, deviceId: 'd1' }).confidence).to.equal(0.99);
    expect(scoreRisk({ ...mug, customerId: null, ipAddress: null }).confidence).to.equal(0.81);
  });

  it('always gives the same sum of its six factors, at most 100 (R-44)', () => {
    const input = fc.record<RiskInput>({
      profile: fc.constantFrom('order', 'firstSubscription', 'renewal'),
      amount: fc.record({ amount: fc.nat(5_000_000), currency: fc.constantFrom('USD', 'JPY') }),
      at: fc.constant(at()),
      customerId: fc.constantFrom(null, id('ann')),
      previousOrders: fc.nat(3),
      customerSince: fc.constantFrom(null, at(-5), at(-60 * 24 * 5)),
      ipAddress: fc.constantFrom(null, '10.0.0.1', '198.51.100.1', '203.0.113.1'),
      deviceId: fc.constantFrom(null, 'd1'),
      shippingAddress: fc.constantFrom(null, home, abroad),
      billingAddress: fc.constantFrom(null, home, abroad),
      history: fc.record({
        paymentsLastHour: fc.nat(20),
        ipsLastHour: fc.nat(20),
        deviceKnown: fc.boolean(),
        hasDevices: fc.boolean(),
        otherCustomersOnDevice: fc.nat(5),
        countries: fc.subarray(['US', 'FR', 'DE']),
      }),
    });
    fc.assert(
      fc.property(input, (one) => {
        const risk = scoreRisk(one);
        expect(risk).to.deep.equal(scoreRisk(structuredClone(one)));
        expect(risk.factors).to.have.length(6);
        expect(risk.score).to.equal(
          Math.min(
            100,
            risk.factors.reduce((sum, factor) => sum + factor.score, 0),
          ),
        );
        for (const factor of risk.factors) expect(factor.score).to.be.within(0, 50);
        expect(risk.decision).to.equal(decide(risk.score));
      }),
    );
  });
});
