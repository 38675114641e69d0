import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import '../../../src/db/tables.all.js';
import type { Handled } from '../../../src/runtime/ports.js';
import { numbers } from '../../../src/services/billing/numbers.js';
import { id, message } from '../../machines/given.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';

type Question = MessageData<'AllocateInvoiceNumber'>;

describe('the numbers of invoices', () => {
  let database: TestDatabase;
  let connection: Connection;
  beforeEach(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 16, name: 'test', onError: () => undefined });
  });
  afterEach(async () => {
    await connection.close();
    await database.drop();
  });

  const wanted = (name: string, change: Partial<Question> = {}) =>
    message('AllocateInvoiceNumber', {
      invoiceId: id(name),
      documentId: id(name),
      series: 'invoice',
      year: 2026,
      taxRegion: 'US-CA',
      ...change,
    });
  const dataOf = (handled: readonly Handled[]) =>
    handled.flatMap(({ emit = [] }) => emit.map(({ data }) => data as MessageData<'InvoiceNumberAllocated'>));

  /** One drain that asks for numbers, and comes to nothing when it is to fail. */
  const drain = (questions: readonly ReturnType<typeof wanted>[], fails = false): Promise<string[]> =>
    connection.db
      .transaction()
      .execute(async (trx) => {
        const taken = dataOf(await numbers.handle(trx, questions)).map(({ number }) => number);
        if (fails) throw new Error('comes to nothing');
        return taken;
      })
      .catch((error: Error) => {
        if (error.message !== 'comes to nothing') throw error;
        return [];
      });

  it('say the tax rate of the region, and name what they are for (R-57)', async () => {
    const answers = await connection.db.transaction().execute((trx) => numbers.handle(trx, [wanted('a')]));
    expect(answers[0]?.emit).to.deep.equal([
      {
        type: 'InvoiceNumberAllocated',
        data: {
          invoiceId: id('a'),
          documentId: id('a'),
          series: 'invoice',
          number: 'INV-2026-00001',
          taxBasisPoints: 820,
        },
      },
    ]);
  });

  it('run through a year in the order in which they are asked for, each series and year by itself', async () => {
    const credit = { series: 'creditNote' } as const;
    expect(
      await drain([wanted('a'), wanted('b', credit), wanted('c'), wanted('d', { year: 2027 }), wanted('e', credit)]),
    ).to.deep.equal(['INV-2026-00001', 'CN-2026-00001', 'INV-2026-00002', 'INV-2027-00001', 'CN-2026-00002']);
    expect(await drain([wanted('f', credit), wanted('g')])).to.deep.equal(['CN-2026-00003', 'INV-2026-00003']);
  });

  it('have no gap and no double when many drains take them at once, and some of these fail', async () => {
    const drains = Array.from({ length: 60 }, (_, n) => {
      const questions = Array.from({ length: 1 + (n % 4) }, (_, k) =>
        wanted(`${n} ${k}`, k % 2 ? { series: 'creditNote' } : {}),
      );
      return drain(n % 3 === 0 ? questions.reverse() : questions, n % 5 === 0);
    });
    const taken = (await Promise.all(drains)).flat();
    for (const prefix of ['INV', 'CN']) {
      const own = taken.filter((number) => number.startsWith(prefix)).sort();
      expect(own.length).to.be.above(20);
      const expected = own.map((_, n) => `${prefix}-2026-${String(n + 1).padStart(5, '0')}`);
      expect(own).to.deep.equal(expected);
    }
  });

  it('are not given where nobody knows the tax', async () => {
    const error = await drain([wanted('a', { taxRegion: 'AQ' })]).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'UNKNOWN_TAX_REGION' });
    expect(await drain([wanted('b')])).to.deep.equal(['INV-2026-00001']);
  });
});
