import { expect } from 'chai';
import { sql } from 'kysely';
import { armedTimersAreRows, timersAreNotEarly, timersFireOnce } from '../../../../scripts/chaos/check/timers.js';
import { eventually } from '../../../support/eventually.js';
import { makeDue } from '../../../support/time.js';
import { expectOne, findsAfter, type Scene } from './scene.js';

export function describeTimers(scene: () => Scene): void {
  describe('timers', () => {
    const nextRetry = sql`name like '%nextRetry%'`;

    it('finds one that is armed and not set', async () => {
      const { retrying } = scene();
      const found = await findsAfter(scene(), armedTimersAreRows, (db) =>
        sql`delete from runtime.timers where actor_id = ${retrying.id} and ${nextRetry}`.execute(db),
      );
      expectOne(found, `order ${retrying.id}`, /is armed, not set/);
    });

    it('finds one that is set for another visit than the one that armed it', async () => {
      const { retrying } = scene();
      const found = await findsAfter(scene(), armedTimersAreRows, (db) =>
        sql`update runtime.timers set visit = visit + 1 where actor_id = ${retrying.id} and ${nextRetry}`.execute(db),
      );
      expect(found.map(({ what }) => what.replace(/.* (is (set|armed), not (set|armed))/, '$1')).sort()).to.deep.equal([
        'is armed, not set',
        'is set, not armed',
      ]);
    });

    it('finds one that nobody fires', async () => {
      const { retrying } = scene();
      const found = await findsAfter(scene(), armedTimersAreRows, (db) =>
        sql`update runtime.timers set due_at = (select max(at) from runtime.journal) - interval '11 seconds' where actor_id = ${retrying.id} and ${nextRetry}`.execute(
          db,
        ),
      );
      expectOne(found, `order ${retrying.id}`, /is overdue/);
    });

    it('finds one that fires before its time, and one that fires twice', async () => {
      const { shop, retrying, evidence } = scene();
      expect(await timersAreNotEarly(evidence)).to.deep.equal([]);
      // Minutes before its time.
      await makeDue(shop.db, retrying.id, 'nextRetry');
      const early = await eventually('it has fired', async () => {
        const found = await timersAreNotEarly(evidence);
        return found.length > 0 && found;
      });
      expectOne(early, `order ${retrying.id}`, /nextRetry.* fired \d+ ms early/);

      expect(await timersFireOnce(evidence)).to.deep.equal([]);
      const twice = await findsAfter(scene(), timersFireOnce, (db) =>
        sql`insert into runtime.journal overriding system value
          select (jsonb_populate_record(j, jsonb_build_object('seq', -1, 'message_id', gen_random_uuid(), 'outcome', 'ignored'))).*
          from runtime.journal j where actor_id = ${retrying.id} and type like '%nextRetry%'`.execute(db),
      );
      expectOne(twice, `order ${retrying.id}`, /fired 2 times/);
    });
  });
}
