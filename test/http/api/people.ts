import { expect } from 'chai';
import { seededCustomers } from '../../../scripts/seed/catalogue.js';
import { newId } from '../../../src/http/ids.js';
import { eventually } from '../../support/eventually.js';
import type { Shop } from '../shop.js';
import { placeOrder } from './journeys.js';
import { sanFrancisco } from './orderBodies.js';

/** `/v1/customers` and what they are told. */
export function describePeople(shop: () => Shop): void {
  const ada = (change: object = {}) => ({
    firstName: ' Ada ',
    lastName: 'Byron',
    email: `ada.${newId()}@example.com`,
    ...change,
  });
  const register = (body: object) => shop().request('post', '/v1/customers').send(body);

  describe('customers', () => {
    it('register, and are read', async () => {
      const { street, ...rest } = sanFrancisco;
      const answer = await register(
        ada({ phone: '+15551234567', locale: 'en-US', address: { ...rest, line1: street } }),
      );
      expect(answer.status).to.equal(201);
      expect(answer.headers.location).to.equal(`/v1/customers/${answer.body.id}`);
      expect(answer.body).to.deep.include({ firstName: 'Ada', address: sanFrancisco, preferredCurrency: null });
      const read = await shop().request('get', `/v1/customers/${answer.body.id}`);
      expect(read.body).to.deep.equal(answer.body);
      expect((await shop().request('get', `/v1/customers/${newId()}`)).status).to.equal(404);
    });

    it('are locked and unlocked by staff', async () => {
      const { id } = (await register(ada())).body;
      const lock = (isLocked: unknown) => shop().request('put', `/v1/customers/${id}/lock`).send({ isLocked });
      expect((await lock(true)).body).to.include({ id, isLocked: true });
      expect((await shop().request('get', `/v1/customers/${id}`)).body.isLocked).to.equal(true);
      expect((await lock(false)).body.isLocked).to.equal(false);
      expect((await lock('yes')).status).to.equal(400);
      const nobody = shop().request('put', `/v1/customers/${newId()}/lock`);
      expect((await nobody.send({ isLocked: true })).status).to.equal(404);
    });

    it('have an e-mail address of their own', async () => {
      const person = ada();
      await register(person);
      const answer = await register({ ...person, email: person.email.toUpperCase() });
      expect(answer.status).to.equal(409);
      expect(answer.body.code).to.equal('EMAIL_TAKEN');
    });

    it('register once for a key that comes twice', async () => {
      const person = ada();
      const key = newId();
      const [one, again] = [
        await register(person).set('Idempotency-Key', key),
        await register(person).set('Idempotency-Key', key),
      ];
      expect(again.status).to.equal(201);
      expect(again.body).to.deep.equal(one.body);
    });

    it('are listed for staff, each once', async () => {
      for (let i = 0; i < 3; i++) await register(ada());
      const seen: string[] = [];
      for (let cursor = ''; ; ) {
        const { body } = await shop().request('get', `/v1/customers?limit=2${cursor}`);
        seen.push(...body.items.map(({ id }: { id: string }) => id));
        if (body.nextCursor === null) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect(new Set(seen).size).to.equal(seen.length);
      expect(seen).to.include.members(seededCustomers.map(({ id }) => id));
    });

    it('need a name, an address that mail can reach, and no more than we ask', async () => {
      for (const body of [
        ada({ firstName: ' ' }),
        ada({ email: 'ada' }),
        ada({ phone: '12' }),
        ada({ isAdmin: true }),
      ]) {
        expect((await register(body)).status).to.equal(400);
      }
    });
  });

  describe('notifications', () => {
    it('of a customer are listed, newest first, and read', async () => {
      const { body: customer } = await register(ada());
      await placeOrder(shop(), { customerId: customer.id });
      const list = async (query = '') =>
        (await shop().request('get', `/v1/users/${customer.id}/notifications${query}`)).body.notifications;
      // Accepted, paid, packed: nothing more is said until the parcel leaves.
      const all = await eventually('the customer was told three things', async () => {
        const told = await list();
        return told.length === 3 && told;
      });
      expect(all.map((one: { createdAt: string }) => one.createdAt)).to.deep.equal(
        all
          .map((one: { createdAt: string }) => one.createdAt)
          .sort()
          .reverse(),
      );
      expect(await list('?limit=1&offset=1')).to.deep.equal([all[1]]);
      expect((await list('?status=unread')).length).to.equal(all.length);
      const { body } = await shop().request('get', `/v1/notifications/${all[0].notificationId}`);
      expect(body).to.include({ userId: customer.id, title: all[0].title });
      expect(body.delivery).to.include.keys('status', 'attempts');
    });

    it('are those of somebody', async () => {
      expect((await shop().request('get', `/v1/users/${newId()}/notifications`)).status).to.equal(404);
      expect((await shop().request('get', `/v1/notifications/${newId()}`)).status).to.equal(404);
    });
  });
}
