import { expect } from 'chai';
import { seededPlans } from '../../../scripts/seed/plans.js';
import { newId } from '../../../src/http/ids.js';
import type { Shop } from '../shop.js';

const now = '2030-01-31T10:00:00.000Z';

/** `/v1/subscriptions/{subscriptionId}/usage`. */
export function describeUsage(shop: () => Shop): void {
  const request: Shop['request'] = (method, path) => shop().request(method, path);
  const usage = { unit: 'API calls', allowance: 10_000 };
  const countedPlan = async (): Promise<string> => {
    const plan = {
      name: 'Basic',
      price: { amount: 999, currency: 'USD' },
      billingCycle: 'monthly',
      taxRegion: 'US-CA',
    };
    return (await request('post', '/v1/plans').send({ ...plan, usage })).body.id;
  };
  /** Somebody on a test clock of their own who has just subscribed to a plan. */
  const subscribe = async (planId: string): Promise<{ id: string; plan: { usage: unknown } }> => {
    const { id: clockId } = (await request('post', '/v1/clocks').send({ now })).body;
    const person = { firstName: 'Ada', lastName: 'Byron', email: `ada.${newId()}@example.com`, clockId };
    const { id: customerId } = (await request('post', '/v1/customers').send(person)).body;
    const payment = { method: { type: 'card', token: 'pm_card_visa' } };
    const answer = await request('post', '/v1/subscriptions')
      .set('Prefer', 'wait=20')
      .send({ customerId, planId, trialPeriodDays: 0, payment });
    expect(answer.body.state, answer.text).to.equal('active.current');
    return answer.body;
  };
  const read = (id: string) => request('get', `/v1/subscriptions/${id}/usage`);
  const report = (id: string, body: object, key = newId()) =>
    request('post', `/v1/subscriptions/${id}/usage`).set('Idempotency-Key', key).send(body);
  const codeOf = async (answer: PromiseLike<{ status: number; body: { code?: string } }>) => {
    const { status, body } = await answer;
    return [status, body.code];
  };

  describe('what subscribers use (S-08)', () => {
    it('is reported by the shop, adds up, and is read beside the allowance', async () => {
      const { id, plan } = await subscribe(await countedPlan());
      expect(plan.usage).to.deep.equal(usage);
      const period = { start: now, end: '2030-02-28T10:00:00.000Z' };
      const nothing = { subscriptionId: id, ...usage, period, usedInPeriod: 0, usedInLast90Days: 0 };
      expect((await read(id)).body).to.deep.equal(nothing);
      expect((await report(id, { quantity: 250 })).body).to.include({ usedInPeriod: 250 });
      const answer = await report(id, { quantity: 50, at: now });
      expect(answer.body).to.deep.equal({ ...nothing, usedInPeriod: 300, usedInLast90Days: 300 });
      expect((await read(id)).body).to.deep.equal(answer.body);
      const { entries } = (await request('get', `/v1/subscriptions/${id}/timeline`)).body;
      const sentences = entries.map(({ sentence }: { sentence: string }) => sentence);
      expect(sentences).to.include('The shop reported a use of 250.');
    });

    it('is counted once for a key that comes twice, even when the first answer was lost', async () => {
      const { id } = await subscribe(await countedPlan());
      const key = newId();
      const first = await report(id, { quantity: 250 }, key);
      expect((await report(id, { quantity: 250 }, key)).body).to.deep.equal(first.body);
      await shop()
        .db.updateTable('runtime.idempotency_keys')
        .set({ status: null, body: null, claimed_at: new Date(Date.now() - 31_000) })
        .where('key', '=', key)
        .execute();
      expect((await report(id, { quantity: 250 }, key)).body).to.include({ usedInPeriod: 250 });
    });

    it('is only of subscriptions that there are, that go on, and whose plan has an allowance', async () => {
      expect(await codeOf(read(newId()))).to.deep.equal([404, 'NOT_FOUND']);
      expect(await codeOf(report(newId(), { quantity: 1 }))).to.deep.equal([404, 'NOT_FOUND']);
      const { id: without } = await subscribe(seededPlans[0].planId);
      expect(await codeOf(read(without))).to.deep.equal([409, 'NO_USAGE_ALLOWANCE']);
      expect(await codeOf(report(without, { quantity: 1 }))).to.deep.equal([409, 'NO_USAGE_ALLOWANCE']);
      const { id: ended } = await subscribe(await countedPlan());
      const leave = { reason: 'not_used', mode: 'immediate', offerDecision: 'decline' };
      expect((await request('post', `/v1/subscriptions/${ended}/cancel`).send(leave)).body.outcome).to.equal(
        'cancelled',
      );
      expect(await codeOf(report(ended, { quantity: 1 }))).to.deep.equal([409, 'SUBSCRIPTION_ENDED']);
      expect((await read(ended)).body).to.include({ usedInLast90Days: 0 });
    });

    it('is a whole number, of a time that was, by the clock of the subscription', async () => {
      const { id } = await subscribe(await countedPlan());
      for (const body of [
        {},
        { quantity: 0 },
        { quantity: 1.5 },
        { quantity: 1_000_000_001 },
        { quantity: 1, at: 'now' },
      ])
        expect(await codeOf(report(id, body)), JSON.stringify(body)).to.deep.equal([400, 'VALIDATION_ERROR']);
      for (const at of ['2030-01-31T10:00:00.001Z', '2030-01-31T09:59:59.999Z', new Date().toISOString()])
        expect(await codeOf(report(id, { quantity: 1, at })), at).to.deep.equal([422, 'USAGE_OUT_OF_TIME']);
    });
  });
}
