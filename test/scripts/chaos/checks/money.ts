import { expect } from 'chai';
import { sql } from 'kysely';
import {
  chargesMatchStates,
  nothingIsChargedTwice,
  paymentsMatchGateway,
} from '../../../../scripts/chaos/check/money.js';
import { expectOne, findsAfter, type Scene } from './scene.js';

export function describeMoney(scene: () => Scene): void {
  describe('money', () => {
    const without = (orderId: string) =>
      scene().evidence.ledger.filter((e) => e.type === 'reset' || e.orderId !== orderId);
    const chargeOf = (orderId: string) => {
      for (const entry of scene().evidence.ledger)
        if (entry.type === 'charged' && entry.orderId === orderId) return entry;
      throw new Error(`${orderId} was not charged`);
    };

    it('misses the charge of a paid order', async () => {
      const { evidence, booked } = scene();
      const found = await chargesMatchStates({ ...evidence, ledger: without(booked.id) });
      expectOne(found, `order ${booked.id}`, /was charged 0/);
    });

    it('waits for a charge that is being looked for', async () => {
      const { evidence, booked } = scene();
      const ledger = without(booked.id);
      for (const check of [chargesMatchStates, paymentsMatchGateway]) {
        expect(await check({ ...evidence, ledger })).to.have.length(1);
        const found = await findsAfter({ ...scene(), evidence: { ...evidence, ledger } }, check, (db) =>
          sql`insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, wake_at)
              values (gen_random_uuid(), 'gateway', ${booked.payment?.id}, 'ReconcileCharge', '{}', '/test', gen_random_uuid(), '', now(), now())`.execute(
            db,
          ),
        );
        expect(found).to.deep.equal([]);
      }
    });

    it('misses the refund of a cancelled order', async () => {
      const { evidence, cancelled } = scene();
      const ledger = evidence.ledger.filter((e) => e.type !== 'refunded' || e.orderId !== cancelled.id);
      expectOne(await chargesMatchStates({ ...evidence, ledger }), `order ${cancelled.id}`, /owes 0 and was charged/);
    });

    it('finds a charge for an order that is not there', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), chargesMatchStates, (db) =>
        sql`delete from orders.orders where id = ${booked.id}`.execute(db),
      );
      expectOne(found, `order ${booked.id}`, /was charged and is not there/);
    });

    it('finds a payment that does not know of its charge', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), paymentsMatchGateway, (db) =>
        sql`update payments.payments set captured_minor = null where order_id = ${booked.id}`.execute(db),
      );
      expectOne(found, `payments of order ${booked.id}`, /say 0/);
    });

    it('finds a charge that was made twice, even when the second one was refunded', async () => {
      const { evidence, booked } = scene();
      const charge = chargeOf(booked.id);
      const refund = { ...charge, type: 'refunded' as const };
      const found = await nothingIsChargedTwice({ ...evidence, ledger: [...evidence.ledger, charge, refund] });
      const [more, twice] = found;
      expectOne(more ? [more] : [], `order ${booked.id}`, /and costs/);
      expectOne(twice ? [twice] : [], `charge ${charge.intent?.metadata.effectId}`, /was made twice/);
    });
  });
}
