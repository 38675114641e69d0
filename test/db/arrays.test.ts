import { expect } from 'chai';
import fc from 'fast-check';
import { type RawBuilder, sql } from 'kysely';
import { bigints, booleans, instants, ints, jsonbs, jsons, texts, uuids } from '../../src/db/arrays.js';
import { type Connection, connect } from '../../src/db/connect.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(fc.option(arbitrary), { maxLength: 40 });
/** Texts that PostgreSQL can keep: without zeros, and without halves of characters. */
const text = fc.string({ unit: 'binary', maxLength: 80 }).map((value) => value.replaceAll('\0', ''));
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const instant = fc
  .date({ min: new Date('1950-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const json = fc.json();

interface Kind<T> {
  readonly write: (values: readonly (T | null)[]) => RawBuilder<unknown>;
  readonly values: fc.Arbitrary<readonly (T | null)[]>;
  /** How PostgreSQL reads the same elements from texts. */
  readonly type: string;
}
const kind = <T>(type: string, write: Kind<T>['write'], values: fc.Arbitrary<T>): Kind<T> => ({
  type,
  write,
  values: nullable(values),
});

const kinds: readonly Kind<never>[] = [
  kind('uuid', uuids, fc.uuid()),
  kind('timestamptz', instants, instant),
  kind('text', texts, text),
  kind('json', jsons, json),
  kind('jsonb', jsonbs, json),
  kind('int', ints, int),
  kind('bigint', bigints, bigint),
  kind('boolean', booleans, fc.boolean()),
] as never;

describe('an array as a parameter', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 1, name: 'test', onError: () => undefined });
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  /** The elements of an array as PostgreSQL writes them. */
  const elements = async (array: RawBuilder<unknown>) =>
    (await sql<{ e: string | null }>`select e::text as e from unnest(${array}) as e`.execute(connection.db)).rows.map(
      ({ e }) => e,
    );

  for (const { type, write, values } of kinds) {
    it(`of type ${type} holds what PostgreSQL reads from the texts of its elements`, () =>
      fc.assert(
        fc.asyncProperty(values, async (list) => {
          const asTexts = list.map((value) => (value === null ? null : String(value)));
          expect(await elements(write(list))).to.deep.equal(
            await elements(sql`${asTexts}::text[]::${sql.raw(type)}[]`),
          );
        }),
        { numRuns: 60 },
      ));
  }

  it('may be long, and is not touched by the next one', async () => {
    const long = Array.from({ length: 3000 }, (_, index) => `${index} ${'“long”'.repeat(30)}`);
    const [first, second] = [texts(long), texts(['short'])];
    expect(await elements(first)).to.deep.equal(long);
    expect(await elements(second)).to.deep.equal(['short']);
  });

  it('takes ids in capitals, as PostgreSQL does', async () => {
    const id = '01A203B9-2A91-725C-8FCD-53539BC4662E';
    expect(await elements(uuids([id]))).to.deep.equal([id.toLowerCase()]);
  });

  for (const wrong of [
    '',
    '01a203b9',
    '01a203b9-2a91-725c-8fcd-53539bc4662g',
    '01a203b9-2a91-725c-8fcd-53539bc4662é',
    '01a203b9-2a91-725c-8fcd-53539bc4662e0',
    '01a203b9-2a91-725c-8fcd053539bc4662e',
  ]) {
    it(`refuses “${wrong}” as an id`, () => {
      expect(() => uuids([wrong])).to.throw(TypeError, `not a UUID: ${wrong}`);
    });
  }

  for (const wrong of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
    it(`refuses ${wrong} as an integer, which must not become another number`, () => {
      expect(() => ints([wrong])).to.throw(RangeError, `not an integer of 32 bits: ${wrong}`);
    });
  }

  for (const wrong of [String(2n ** 63n), 0.5, 2 ** 64]) {
    it(`refuses ${wrong} as a bigint`, () => {
      expect(() => bigints([wrong])).to.throw(RangeError);
    });
  }

  for (const wrong of ['', '2026-13-01T00:00:00.000Z']) {
    it(`refuses '${wrong}' as an instant, as often as it is asked`, () => {
      for (const _ of ['first', 'again']) expect(() => instants([wrong])).to.throw(TypeError, 'not an instant');
    });
  }
});
