import { expect } from 'chai';
import { sql } from 'kysely';
import { nothingIsDead, nothingIsLeftOver } from '../../../../scripts/chaos/check/leftovers.js';
import { expectOne, findsAfter, type Scene } from './scene.js';

export function describeLeftovers(scene: () => Scene): void {
  describe('leftovers', () => {
    const restedAt = new Date();
    /** What is found once such a message waits; its lease ends so many ms after all had come to rest. */
    const waiting = (
      recipient: string,
      actorId: string,
      type: string,
      how: { deferred?: true; leaseMs?: number; sentAt?: Date } = {},
    ) =>
      findsAfter(
        scene(),
        (evidence) => nothingIsLeftOver({ ...evidence, restedAt }),
        (db) =>
          sql`insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, wake_at, deferred, lease_until)
          values (gen_random_uuid(), ${recipient}, ${actorId}, ${type}, '{}', '/test', gen_random_uuid(), '', ${how.sentAt ?? restedAt}::timestamptz, now(),
            ${how.deferred ?? false},
            ${restedAt}::timestamptz + ${how.leaseMs ?? null}::int * interval '1 millisecond')`.execute(db),
      );

    it('finds a message that nobody fetches', async () => {
      const { booked } = scene();
      expectOne(await waiting('order', booked.id, 'ShipmentDispatched'), `order ${booked.id}`, /still waits/);
    });

    it('takes one that came in when the processes were already being stopped', async () => {
      const sentAt = new Date(restedAt.getTime() + 1);
      expect(await waiting('order', scene().booked.id, 'ShipmentDispatched', { sentAt })).to.deep.equal([]);
    });

    it('finds a message that is deferred although its actor is past it', async () => {
      const { booked } = scene();
      const found = await waiting('order', booked.id, 'OutOfStock', { deferred: true });
      expectOne(found, `order ${booked.id}`, /deferred without reason/);
    });

    it('takes a message that its actor puts off', async () => {
      const { held } = scene();
      expect(await waiting('order', held.id, 'PaymentComplete', { deferred: true })).to.deep.equal([]);
    });

    it('finds an effect without a next run, or whose time had come, and takes one whose time had not', async () => {
      const { booked } = scene();
      for (const how of [{}, { leaseMs: -1 }]) {
        const found = await waiting('gateway', booked.id, 'ReconcileCharge', how);
        expectOne(found, `gateway ${booked.id}`, /still waits/);
      }
      expect(await waiting('gateway', booked.id, 'ReconcileCharge', { leaseMs: 1 })).to.deep.equal([]);
    });

    it('finds a dead letter', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), nothingIsDead, (db) =>
        sql`insert into runtime.dead_letters (seq, id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, attempts, error)
          values (1, gen_random_uuid(), 'order', ${booked.id}, 'OutOfStock', '{}', '/test', gen_random_uuid(), '', now(), 5, 'why')`.execute(
          db,
        ),
      );
      expectOne(found, `order ${booked.id}`, /OutOfStock is dead: why/);
    });
  });
}
