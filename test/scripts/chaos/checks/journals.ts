import { sql } from 'kysely';
import {
  columnsFollowSnapshots,
  journalsFold,
  messagesAreTakenOnce,
} from '../../../../scripts/chaos/check/journals.js';
import { expectOne, findsAfter, type Scene } from './scene.js';

export function describeJournals(scene: () => Scene): void {
  describe('journals', () => {
    it('finds a snapshot that its journal does not fold to', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), journalsFold, (db) =>
        sql`update inventory.reservations set snapshot = jsonb_set(snapshot::jsonb, '{context,heldAt}', '"2020-01-01T00:00:00.000Z"')
          where id = ${booked.id}`.execute(db),
      );
      expectOne(found, `reservation ${booked.id}`, /another snapshot/);
    });

    it('finds a gap in the versions', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), journalsFold, (db) =>
        sql`delete from runtime.journal where recipient = 'order' and actor_id = ${booked.id} and version = 3`.execute(
          db,
        ),
      );
      expectOne(found, `order ${booked.id}`, /does not fold/);
    });

    it('finds a last version that is missing', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), journalsFold, (db) =>
        sql`update orders.orders set version = version + 1 where id = ${booked.id}`.execute(db),
      );
      expectOne(found, `order ${booked.id}`, /its journal at/);
    });

    it('finds a column that says something else than the snapshot', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), columnsFollowSnapshots, (db) =>
        sql`update orders.orders set total_minor = total_minor + 1 where id = ${booked.id}`.execute(db),
      );
      expectOne(found, `order ${booked.id}`, /total_minor \d+, and its snapshot says \d+/);
    });

    it('finds a message that was taken twice', async () => {
      const { booked } = scene();
      const found = await findsAfter(scene(), messagesAreTakenOnce, (db) =>
        sql`insert into runtime.journal overriding system value select (jsonb_populate_record(j, '{"seq": -1}')).* from runtime.journal j
          where recipient = 'order' and actor_id = ${booked.id} and version = 2`.execute(db),
      );
      expectOne(found, `order ${booked.id}`, /2 times/);
    });
  });
}
