import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import { taxRateOf } from '../../../machines/shared/taxRates.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { ints, texts } from '../../db/arrays.js';
import { FatalError } from '../../runtime/errors.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import '../../db/tables/billing.js';

type Allocation = FlowmartReceived<MessagesFor<'numbers'>>;
type Series = Allocation['data']['series'];

const prefixes: Readonly<Record<Series, string>> = { invoice: 'INV', creditNote: 'CN' };

/**
 * Gives invoices and credit notes their numbers, and says the tax rate in force. A series runs through a year without
 * gaps, and its numbers follow in the order of the drains that took them: whoever takes one keeps the series until its commit.
 */
export const numbers: Handler<MessagesFor<'numbers'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly Allocation[]): Promise<Handled[]> {
    const next = await takeNumbers(trx, messages);
    return messages.map(({ data: { invoiceId, documentId, series, year, taxRegion } }) => {
      const number = `${prefixes[series]}-${year}-${String(next(series, year)).padStart(5, '0')}`;
      const taxBasisPoints = rateOf(taxRegion);
      return {
        emit: [{ type: 'InvoiceNumberAllocated', data: { invoiceId, documentId, series, number, taxBasisPoints } }],
      };
    });
  },
};

/** @throws FatalError for a region whose rate nobody knows: better no invoice than a wrong one */
function rateOf(taxRegion: string): number {
  const rate = taxRateOf(taxRegion);
  if (rate === null) throw new FatalError('UNKNOWN_TAX_REGION', `nobody knows the tax rate of ${taxRegion}`);
  return rate;
}

/** Takes as many numbers of each series as are wanted, in one statement, always in the same order, and answers them one by one. */
async function takeNumbers(
  trx: Trx,
  messages: readonly Allocation[],
): Promise<(series: Series, year: number) => number> {
  const wanted = new Map<string, { series: Series; year: number; count: number }>();
  for (const { data } of messages) {
    const { series, year } = data;
    const one = wanted.get(`${series} ${year}`);
    if (one) one.count++;
    else wanted.set(`${series} ${year}`, { series, year, count: 1 });
  }
  const rows = [...wanted.values()];
  const { rows: taken } = await sql<{ series: Series; year: number; last_number: number }>`/* prepared */
    insert into billing.number_series as s (series, year, last_number)
    select * from unnest(${texts(rows.map((r) => r.series))}, ${ints(rows.map((r) => r.year))}, ${ints(rows.map((r) => r.count))})
      as w(series, year, count) order by 1, 2
    on conflict (series, year) do update set last_number = s.last_number + excluded.last_number
    returning series, year, last_number`.execute(trx);
  const last = new Map(taken.map(({ series, year, last_number }) => [`${series} ${year}`, last_number]));
  return (series, year) => {
    const key = `${series} ${year}`;
    const one = wanted.get(key) as { count: number };
    return (last.get(key) as number) - --one.count;
  };
}
