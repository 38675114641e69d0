import { expect } from 'chai';
import { sql } from 'kysely';
import { columnsFollowSnapshots, journalsFold } from '../../../scripts/chaos/check/journals.js';
import { paymentsMatchGateway } from '../../../scripts/chaos/check/money.js';
import type { Desk } from './desk.js';

/** What must hold of a desk after whatever its suite did to it: the last tests of every suite. */
export function itKeepsItsBooks(desk: () => Desk): void {
  describe('afterwards', () => {
    it('has nothing left to do, and nothing dead', async () => {
      await desk().quiet();
      const { rows } = await sql`select type, error from runtime.dead_letters`.execute(desk().db);
      expect(rows).to.deep.equal([]);
    });

    it('has taken the money of every paid invoice once, to the cent, and kept none of another', async () => {
      const { rows: invoices } = await sql<{ id: string; state: string; owed: number }>`
        select id, state, (case when state in ('paid', 'refunded') then total_minor - refunded_minor else 0 end)::int as owed
        from billing.invoices`.execute(desk().db);
      const taken = desk().takenByInvoice();
      const wrong = invoices.filter(({ id, owed }) => (taken.get(id) ?? 0) !== owed);
      expect(wrong).to.deep.equal([]);
      expect([...taken.keys()].filter((id) => invoices.every((one) => one.id !== id))).to.deep.equal([]);
      expect(await paymentsMatchGateway({ db: desk().db, ledger: desk().sandbox.ledger() })).to.deep.equal([]);
    });

    it('has numbered its invoices without a gap', async () => {
      const { rows } = await sql`
        select split_part(invoice_number, '-', 2) as year, count(*)::int as count, max(split_part(invoice_number, '-', 3)::int) as last
        from billing.invoices group by 1 having count(*) <> max(split_part(invoice_number, '-', 3)::int)`.execute(
        desk().db,
      );
      expect(rows).to.deep.equal([]);
    });

    it('folds every actor’s journal to its snapshot, byte for byte (invariant 7)', async () => {
      expect(await journalsFold(desk())).to.deep.equal([]);
    });

    it('shows people what the snapshots say', async () => {
      expect(await columnsFollowSnapshots(desk())).to.deep.equal([]);
    });
  });
}
