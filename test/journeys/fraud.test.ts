import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { makeDue } from '../support/time.js';
import { itKeepsItsBooks } from './books.js';
import { product } from './fixtures.js';
import { type Order, openShop, type Shop } from './shop.js';

interface Assessment {
  readonly paymentId: string;
  readonly riskScore: number;
  readonly decision: string;
  readonly decidedBy: string;
  readonly factors: readonly { readonly name: string; readonly score: number }[];
  readonly case: { readonly status: string; readonly severity: string } | null;
}

// The worked examples of src/services/fraud/score.ts: a new customer (10 points) who names no device (5).
describe('an order whose payment looks risky', function () {
  this.timeout(60_000);
  const camera = product('CAM-FULL-24');
  const lamp = product('LMP-DESK-02');
  const mug = product('MUG-STONE-35');
  const abroad = { street: '1 Marzipan Laan', city: 'Amsterdam', postalCode: '1017 JL', country: 'NL' };
  const of = (productId: string, quantity: number) => [{ productId, quantity }];
  const hidden = { ipAddress: '203.0.113.9' };
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  const place = async (changes: Parameters<Shop['place']>[0]) =>
    shop.place({ customerId: await shop.customer(), ...changes }, { prefer: 'wait=30' });
  const assessmentOf = (order: Order) => shop.do<Assessment>('GET', `/v1/fraud/risk-score/${order.payment?.id}`);
  const decide = (order: Order, decision: string) =>
    shop.request<Assessment>('PUT', `/v1/fraud/override/${order.payment?.id}`, { decision, reviewer: 'grace' });
  const held = () => place({ items: of(camera.id, 6) });

  describe('a little: it is charged', () => {
    for (const [what, changes, score] of [
      ['a mug', { items: of(mug.id, 1) }, 15],
      ['a mug, billed in another country', { items: of(mug.id, 1), billingAddress: abroad }, 40],
    ] as const) {
      it(`${what} (${score} points)`, async () => {
        const order = await place({ ...changes, items: [...changes.items] });
        expect(await assessmentOf(order)).to.deep.include({
          riskScore: score,
          decision: 'APPROVED',
          decidedBy: 'model',
          case: null,
        });
        await shop.orderIn(order.id, 'fulfilling.booked');
      });
    }
  });

  describe('much: somebody has to decide (O-11, P-04)', () => {
    for (const [what, changes, score, severity] of [
      ['1,000, billed in another country', { items: of(lamp.id, 11), billingAddress: abroad }, 50, 'medium'],
      ['more than 10,000', { items: of(camera.id, 6) }, 55, 'medium'],
      ['more than 10,000, billed in another country', { items: of(camera.id, 6), billingAddress: abroad }, 80, 'high'],
    ] as const) {
      it(`${what} (${score} points)`, async () => {
        const order = await place({ ...changes, items: [...changes.items] });
        expect(order).to.include({ state: 'confirmed.fraudHold', status: 'pending' });
        expect(order.payment).to.include({ state: 'onHold', status: 'pending', attempts: 0 });
        const assessment = await assessmentOf(order);
        expect(assessment).to.deep.include({ riskScore: score, decision: 'MANUAL_REVIEW' });
        expect(assessment.case).to.include({ status: 'open', severity });
        expect(assessment.factors.reduce((sum, factor) => sum + factor.score, 0)).to.equal(score);
        expect(Date.parse(order.reviewDueAt ?? '') - Date.parse(order.createdAt)).to.be.closeTo(86_400_000, 60_000);
        await shop.hears(order.id, 'payment_review');
        expect(shop.charged(order.id)).to.include({ charges: 0, declines: 0 });
        const { items } = await shop.do<{ items: Assessment[] }>('GET', '/v1/fraud/cases');
        expect(items.map(({ paymentId }) => paymentId)).to.include(order.payment?.id);
        await shop.cancel(order.id);
      });
    }

    it('is charged once a reviewer approves (O-12, P-06)', async () => {
      const order = await held();
      expect((await decide(order, 'APPROVED')).body).to.include({ decision: 'APPROVED', decidedBy: 'grace' });
      await shop.orderIn(order.id, 'fulfilling.booked');
      expect(shop.charged(order.id)).to.include({ charges: 1, net: order.totalAmount.amount });
      expect((await decide(order, 'APPROVED')).status, 'the same once more').to.equal(200);
      const path = `/v1/fraud/override/${order.payment?.id}`;
      await shop.refused(409, 'FRAUD_CASE_CLOSED', 'PUT', path, { decision: 'DECLINED', reviewer: 'grace' });
    });

    it('is cancelled when a reviewer declines (O-13, P-07)', async () => {
      const order = await held();
      await decide(order, 'DECLINED');
      const ended = await shop.orderIn(order.id, 'cancelled');
      expect(ended.cancellation?.reason).to.equal('FRAUD');
      await shop.attempts(order.id, 0, 'failed');
      expect(shop.charged(order.id)).to.include({ charges: 0, declines: 0 });
      await shop.hears(order.id, 'order_cancelled');
    });

    it('is cancelled when nobody decides within a day (O-13, P-07, R-46)', async () => {
      const order = await held();
      await makeDue(shop.db, order.payment?.id ?? '', 'reviewDeadline');
      const ended = await shop.orderIn(order.id, 'cancelled');
      expect(ended.cancellation?.reason).to.equal('FRAUD');
      await shop.attempts(order.id, 0, 'failed');
      const path = `/v1/fraud/override/${order.payment?.id}`;
      await eventually('the case is closed', async () => (await assessmentOf(order)).case?.status === 'expired');
      await shop.refused(409, 'FRAUD_CASE_CLOSED', 'PUT', path, { decision: 'APPROVED', reviewer: 'grace' });
    });

    it('is cancelled, too, when the order’s own deadline comes first (O-13, P-18)', async () => {
      const order = await held();
      await makeDue(shop.db, order.id, 'reviewDeadline');
      await shop.orderIn(order.id, 'cancelled');
      await shop.attempts(order.id, 0, 'cancelled');
      await eventually('the case is closed', async () => (await assessmentOf(order)).case?.status === 'expired');
    });

    it('is not charged when it was cancelled meanwhile (P-18)', async () => {
      const order = await held();
      await shop.cancel(order.id);
      await shop.attempts(order.id, 0, 'cancelled');
      await eventually('the case is closed', async () => (await assessmentOf(order)).case?.status === 'expired');
      expect(await assessmentOf(order)).to.include({ decision: 'DECLINED', decidedBy: 'cancellation' });
      expect((await decide(order, 'APPROVED')).status).to.equal(409);
      expect(shop.charged(order.id)).to.include({ charges: 0 });
    });

    it('has its stock reserved again when the hold has ended by the time of the approval (O-12, G-26)', async () => {
      const order = await held();
      await shop.endHold(order);
      await decide(order, 'APPROVED');
      await shop.orderIn(order.id, 'fulfilling.booked');
      expect(shop.charged(order.id)).to.include({ charges: 1, refunds: 0 });
    });

    it('and its stock is gone by then, its money goes back (G-26)', async () => {
      const record = product('VNL-LIM-77');
      await shop.count(record.id, 1);
      const order = await place({ items: [...of(camera.id, 6), ...of(record.id, 1)] });
      await shop.endHold(order);
      await shop.place({ items: of(record.id, 1) }, { prefer: 'wait=30' });
      await decide(order, 'APPROVED');
      const ended = await shop.orderIn(order.id, 'cancelled');
      expect(ended.cancellation?.reason).to.equal('OUT_OF_STOCK');
      await shop.attempts(order.id, 1, 'refunded');
      expect(shop.charged(order.id)).to.deep.equal({ charges: 1, refunds: 1, net: 0, declines: 0 });
    });
  });

  it('too much is blocked: cancelled without a charge (P-05, 100 points)', async () => {
    const order = await place({ items: of(camera.id, 6), billingAddress: abroad, checkout: hidden });
    expect([order.state, order.cancellation?.reason]).to.deep.equal(['cancelled', 'FRAUD']);
    expect(await assessmentOf(order)).to.deep.include({ riskScore: 100, decision: 'DECLINED' });
    expect(shop.charged(order.id)).to.deep.equal({ charges: 0, refunds: 0, net: 0, declines: 0 });
    expect((await shop.stock(camera.id)).reserved % 6).to.equal(0);
    const path = `/v1/fraud/override/${order.payment?.id}`;
    await shop.refused(409, 'FRAUD_CASE_CLOSED', 'PUT', path, { decision: 'APPROVED', reviewer: 'grace' });
    await shop.hears(order.id, 'order_cancelled');
  });

  it('by haste is held: the sixth order within an hour, from the fourth internet address (R-43)', async () => {
    const customerId = await shop.customer();
    let order: Order | undefined;
    for (let n = 1; n <= 6; n++) {
      const checkout = { ipAddress: `192.0.2.${n}` };
      order = await shop.place({ customerId, items: of(mug.id, 1), checkout }, { prefer: 'wait=30' });
      expect(order.state, `order ${n}`).to.not.equal(n < 6 ? 'confirmed.fraudHold' : 'paid');
    }
    expect(order?.state).to.equal('confirmed.fraudHold');
    expect((await assessmentOf(order as Order)).factors).to.deep.include.members([
      {
        name: 'velocity_check',
        score: 50,
        description: '6 payments within an hour. 6 internet addresses within an hour.',
      },
    ]);
  });

  it('knows nothing of payments that were never assessed', async () => {
    const nobody = '01900000-0000-7000-8000-00000000abcd';
    await shop.refused(404, 'NOT_FOUND', 'GET', `/v1/fraud/risk-score/${nobody}`);
    await shop.refused(404, 'NOT_FOUND', 'PUT', `/v1/fraud/override/${nobody}`, {
      decision: 'APPROVED',
      reviewer: 'g',
    });
  });

  itKeepsItsBooks(() => shop);
});
