import { expect } from 'chai';
import { newId } from '../../../src/http/ids.js';
import type { Shop } from '../shop.js';
import { placeOrder, until } from './journeys.js';
import { camera, sanFrancisco } from './orderBodies.js';

const dear = { items: [{ productId: camera, quantity: 6 }] };
const abroad = { ...sanFrancisco, country: 'GB', state: undefined };

/** `/v1/fraud`. */
export function describeFraud(shop: () => Shop): void {
  const override = (id: string, body: object) =>
    shop()
      .request('put', `/v1/fraud/override/${id}`)
      .send({ reviewer: 'grace', ...body });
  const held = async () => {
    const order = await placeOrder(shop(), dear);
    expect(order.state).to.equal('confirmed.fraudHold');
    return { order, paymentId: order.payment?.id as string };
  };

  describe('fraud detection', () => {
    it('says how risky a payment is and why, by either of its ids (C-65)', async () => {
      const { order, paymentId } = await held();
      const { body } = await shop().request('get', `/v1/fraud/risk-score/${paymentId}`);
      expect(body).to.include({ paymentId, orderId: order.id, decision: 'MANUAL_REVIEW', decidedBy: 'model' });
      expect(body.riskScore).to.equal(
        body.factors.reduce((sum: number, { score }: { score: number }) => sum + score, 0),
      );
      expect(body.threshold).to.deep.equal({ low: 20, medium: 50, high: 80, autoBlock: 90 });
      const again = await shop().request('get', `/v1/fraud/risk-score/${body.transactionId}`);
      expect(again.body).to.deep.equal(body);
      expect((await shop().request('get', `/v1/fraud/risk-score/${newId()}`)).status).to.equal(404);
    });

    it('lists what waits for a person, and lets one approve it (O-12)', async () => {
      const { order, paymentId } = await held();
      const waiting = (await shop().request('get', '/v1/fraud/cases?limit=100')).body.items;
      expect(waiting.map((one: { paymentId: string }) => one.paymentId)).to.include(paymentId);
      const { body } = await override(paymentId, { decision: 'APPROVED', note: 'Called the customer.' });
      expect(body).to.include({ decision: 'APPROVED', decidedBy: 'grace', note: 'Called the customer.' });
      expect(body.case.status).to.equal('approved');
      const paid = await until(shop(), order.id, ({ status }) => status === 'processing');
      expect(paid.payment?.status).to.equal('completed');
    });

    it('lets one decline it (O-13), once', async () => {
      const { order, paymentId } = await held();
      expect((await override(paymentId, { decision: 'DECLINED' })).status).to.equal(200);
      const cancelled = await until(shop(), order.id, ({ state }) => state === 'cancelled');
      expect(cancelled.cancellation?.reason).to.equal('FRAUD');
      expect((await override(paymentId, { decision: 'DECLINED' })).status, 'the same again').to.equal(200);
      const other = await override(paymentId, { decision: 'APPROVED' });
      expect(other.status).to.equal(409);
      expect(other.body.code).to.equal('FRAUD_CASE_CLOSED');
    });

    it('asks nobody about a payment that it approved', async () => {
      const order = await placeOrder(shop());
      const answer = await override(order.payment?.id as string, { decision: 'DECLINED' });
      expect(answer.status).to.equal(409);
      expect(answer.body.code).to.equal('NO_FRAUD_CASE');
    });

    it('blocks what is plainly fraud (P-05)', async () => {
      const order = await placeOrder(shop(), {
        ...dear,
        billingAddress: abroad,
        checkout: { ipAddress: '203.0.113.9' },
      });
      expect(order.state).to.equal('cancelled');
      expect(order.cancellation?.reason).to.equal('FRAUD');
      const { body } = await shop().request('get', `/v1/fraud/risk-score/${order.payment?.id}`);
      expect(body).to.include({ decision: 'DECLINED', riskScore: 100 });
      expect(body.case).to.include({ severity: 'critical' });
      expect(
        shop()
          .sandbox.ledger()
          .some((entry) => JSON.stringify(entry).includes(order.id)),
      ).to.equal(false);
    });

    it('wants a decision, a reviewer, and a payment', async () => {
      expect((await override(newId(), { decision: 'APPROVED' })).status).to.equal(404);
      expect((await override(newId(), { decision: 'MAYBE' })).status).to.equal(400);
      expect((await override(newId(), { decision: 'APPROVED', reviewer: ' ' })).status).to.equal(400);
    });
  });
}
