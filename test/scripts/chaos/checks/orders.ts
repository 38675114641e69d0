import { expect } from 'chai';
import { sql } from 'kysely';
import {
  acknowledgedOrdersExist,
  acknowledgedStepsHold,
  everyActorRests,
  ordersWereAskedForOnce,
} from '../../../../scripts/chaos/check/orders.js';
import { expectOne, findsAfter, type Scene } from './scene.js';

export function describeOrders(scene: () => Scene): void {
  describe('orders', () => {
    it('misses an order that was acknowledged and is gone', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), acknowledgedOrdersExist, (db) =>
        sql`delete from orders.orders where id = ${booked.id}`.execute(db),
      );
      expectOne(found, `order ${booked.id}`, /is not there/);
    });

    it('misses money between the price that was acknowledged and the one that is stored', async () => {
      const { evidence, booked } = scene();
      const acknowledged = evidence.acknowledged.map((one) =>
        one.what === 'placed' && one.orderId === booked.id ? { ...one, total: one.total - 1 } : one,
      );
      expectOne(await acknowledgedOrdersExist({ ...evidence, acknowledged }), `order ${booked.id}`, /costs/);
    });

    it('finds an order that nobody was told of', async () => {
      const { evidence, booked } = scene();
      const acknowledged = evidence.acknowledged.filter(({ orderId }) => orderId !== booked.id);
      expectOne(await ordersWereAskedForOnce({ ...evidence, acknowledged }), `order ${booked.id}`, /nobody/);
    });

    it('finds two orders of one request', async () => {
      const { evidence, booked, held } = scene();
      const acknowledged = evidence.acknowledged.map((one) =>
        one.what === 'placed' && one.orderId === held.id ? { ...one, key: `key of ${booked.id}` } : one,
      );
      expectOne(await ordersWereAskedForOnce({ ...evidence, acknowledged }), `key key of ${booked.id}`, /both/);
    });

    it('finds a cancellation that was acknowledged and did not happen', async () => {
      const { evidence, booked } = scene();
      const untrue = { what: 'cancelled', orderId: booked.id, at: '2026-01-01T00:00:00.000Z' } as const;
      const acknowledged = [...evidence.acknowledged, untrue];
      expectOne(await acknowledgedStepsHold({ ...evidence, acknowledged }), `order ${booked.id}`, /is fulfilling/);
    });

    for (const [recipient, table, state] of [
      ['order', 'orders.orders', 'confirmed.awaitingPayment'],
      ['reservation', 'inventory.reservations', 'pending'],
    ] as const) {
      it(`finds an ${recipient} that is left in ${state}`, async () => {
        const { booked } = scene();
        const found = await findsAfter(scene(), everyActorRests, (db) =>
          sql`update ${sql.table(table)} set state = ${state} where id = ${booked.id}`.execute(db),
        );
        expectOne(found, `${recipient} ${booked.id}`, /is stuck in/);
      });
    }

    it('finds an order that waits for a timer which nobody has armed', async () => {
      const { retrying } = scene();
      const found = await findsAfter(scene(), everyActorRests, (db) =>
        sql`delete from runtime.timers where actor_id = ${retrying.id} and name like '%nextRetry%'`.execute(db),
      );
      expectOne(found, `order ${retrying.id}`, /nextRetry is not armed/);
    });

    it('lets orders wait for a review, for money and for their carrier', async () => {
      expect(await everyActorRests(scene().evidence)).to.deep.equal([]);
    });
  });
}
