import { expect } from 'chai';
import { seededPlans } from '../../../scripts/seed/plans.js';
import { newId } from '../../../src/http/ids.js';
import type { Shop } from '../shop.js';

/** `/v1/plans`. */
export function describePlans(shop: () => Shop): void {
  const basic = (change: object = {}) => ({
    name: 'Basic',
    price: { amount: 999, currency: 'USD' },
    billingCycle: 'monthly',
    taxRegion: 'US-CA',
    ...change,
  });
  const create = (body: object) => shop().request('post', '/v1/plans').send(body);
  const list = async (query = ''): Promise<{ id: string }[]> =>
    (await shop().request('get', `/v1/plans?limit=100${query}`)).body.items;

  describe('plans', () => {
    it('are seeded: Pro Monthly and Enterprise Annual (R-63)', async () => {
      const [pro, enterprise] = seededPlans;
      const found = (await list()).filter(({ id }) => id === pro.planId || id === enterprise.planId);
      expect(found.map((plan) => (plan as { name?: string }).name)).to.have.members([
        'Pro Monthly',
        'Enterprise Annual',
      ]);
    });

    it('are offered, and read', async () => {
      const answer = await create(basic({ billingCycle: 'weekly', intervalCount: 2, trialDays: 7 }));
      expect(answer.status).to.equal(201);
      expect(answer.body).to.deep.include({ name: 'Basic', intervalCount: 2, trialDays: 7, status: 'active' });
      const read = await shop().request('get', answer.headers.location ?? '');
      expect(read.body).to.deep.equal(answer.body);
      expect((await shop().request('get', `/v1/plans/${newId()}`)).status).to.equal(404);
    });

    it('may allow so much of something in each period (S-08)', async () => {
      const usage = { unit: 'API calls', allowance: 10_000 };
      const answer = await create(basic({ usage }));
      expect(answer.body.usage).to.deep.equal(usage);
      expect((await shop().request('get', answer.headers.location ?? '')).body).to.deep.equal(answer.body);
      for (const none of [{}, { usage: null }]) expect((await create(basic(none))).body.usage).to.equal(null);
    });

    it('are one cycle long, without a trial, when nothing else is said', async () => {
      expect((await create(basic())).body).to.include({ intervalCount: 1, trialDays: 0 });
    });

    it('are offered once for a key that comes twice', async () => {
      const key = newId();
      const [one, again] = [
        await create(basic()).set('Idempotency-Key', key),
        await create(basic()).set('Idempotency-Key', key),
      ];
      expect(again.body).to.deep.equal(one.body);
    });

    it('are listed without those that are retired, unless these are wanted, too', async () => {
      const { id } = (await create(basic())).body;
      const retire = () => shop().request('post', `/v1/plans/${id}/retire`);
      const retired = await retire();
      expect(retired.body).to.include({ id, status: 'retired' });
      expect((await retire()).body).to.deep.equal(retired.body);
      expect((await list()).map((plan) => plan.id)).not.to.include(id);
      expect((await list('&status=all')).map((plan) => plan.id)).to.include(id);
      expect((await shop().request('post', `/v1/plans/${newId()}/retire`)).status).to.equal(404);
    });

    it('cost something, recur as the calendar can, and are taxed where we know how', async () => {
      for (const change of [
        { price: { amount: 0, currency: 'USD' } },
        { price: { amount: 9.99, currency: 'USD' } },
        { price: { amount: 999, currency: 'usd' } },
        { billingCycle: 'hourly' },
        { intervalCount: 0 },
        { trialDays: 366 },
        { name: '' },
        { usage: { unit: 'API calls' } },
        { usage: { unit: ' ', allowance: 10 } },
        { usage: { unit: 'API calls', allowance: 0 } },
        { planId: newId() },
      ]) {
        expect((await create(basic(change))).status, JSON.stringify(change)).to.equal(400);
      }
      const nowhere = await create(basic({ taxRegion: 'ZZ' }));
      expect([nowhere.status, nowhere.body.code]).to.deep.equal([422, 'UNSUPPORTED_COUNTRY']);
      const trifle = await create(basic({ price: { amount: 1, currency: 'USD' } }));
      expect([trifle.status, trifle.body.code]).to.deep.equal([422, 'PRICE_TOO_SMALL']);
    });
  });
}
