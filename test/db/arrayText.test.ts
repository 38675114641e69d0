import { expect } from 'chai';
import fc from 'fast-check';
import { sql } from 'kysely';
import { arrayText } from '../../src/db/arrayText.js';
import { startToy, type Toy } from '../runtime/toy.js';

describe('an array as a parameter', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());

  it('reaches PostgreSQL as it was, whatever texts are in it', async () => {
    const text = fc.oneof(
      fc.constantFrom(
        '',
        'NULL',
        'null',
        ' a ',
        '{}',
        ',',
        '"',
        '\\',
        '\\"',
        'a\nb',
        '2026-01-01T00:00:00.000Z',
        'ä',
        '😀',
      ),
      // PostgreSQL stores no NUL.
      fc.string({ unit: 'grapheme' }).map((any) => any.replaceAll('\0', '')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(text)), async (list) => {
        const { rows } = await sql<{ list: string[] }>`select ${list}::text[] as list`.execute(toy.db);
        expect(rows).to.deep.equal([{ list }]);
      }),
    );
  });

  it('leaves numbers, truth values and plain texts without quotes, and what else there is to the driver', async () => {
    expect(arrayText([1, -2.5, true, null, undefined, 'a-b_c/d:e.f+g', 'null'])).to.equal(
      '{1,-2.5,true,NULL,NULL,a-b_c/d:e.f+g,"null"}',
    );
    expect(arrayText(['a', new Date(0)])).to.equal(null);
    const at = new Date(0);
    const { rows } = await sql<{ at: Date }>`select unnest(${[at]}::timestamptz[]) as at`.execute(toy.db);
    expect(rows).to.deep.equal([{ at }]);
  });
});
