import { expect } from 'chai';
import { Collection } from '../../scripts/golden/collection.js';
import { type GoldenJournal, readGolden, shownBy } from '../../scripts/golden/journals.js';
import { actors } from '../../src/services/registry.js';

describe('the choice of journals that are kept', () => {
  const { invoice } = actors;
  const journals = readGolden('invoice', 1);
  const bytesOf = (kept: readonly GoldenJournal[]) =>
    kept.reduce((sum, one) => sum + JSON.stringify(one).length + 1, 0);
  const kindsOf = (kept: readonly GoldenJournal[]) =>
    new Set(
      kept.flatMap(({ rows }) => [...shownBy(invoice, rows)].flatMap(({ decisions, ways }) => [...decisions, ...ways])),
    );

  /** A collection that was offered everything, each journal twice. */
  function offered(kept: readonly GoldenJournal[] = []): Collection {
    const collection = new Collection(invoice, {}, kept);
    for (const { story, rows } of [...journals, ...journals]) collection.offer(story, rows);
    return collection;
  }

  it('shows every kind of step, and none twice for nothing', () => {
    const collection = offered();
    expect(collection.choose(1_000_000)).to.equal(0);
    expect(kindsOf(collection.kept)).to.deep.equal(kindsOf(journals));
    expect(collection.kept).to.have.length.at.most(journals.length);
  });

  it('leaves out what there is no room for, and says how much that is', () => {
    const collection = offered();
    const left = collection.choose(12_000);
    expect(bytesOf(collection.kept)).to.be.within(1_000, 12_000);
    expect(left)
      .to.equal(kindsOf(journals).size - kindsOf(collection.kept).size)
      .and.to.be.above(0);
  });

  it('keeps what is there, and adds nothing that it shows already', () => {
    const collection = offered(journals);
    expect(collection.choose(1_000_000)).to.equal(0);
    expect(collection.kept).to.deep.equal(journals);
    expect(collection.added).to.equal(0);
  });

  it('keeps a whole journal when it is asked to', () => {
    const collection = offered(journals);
    const [first] = journals as [GoldenJournal];
    collection.keep('once more', first.rows);
    expect(collection.kept.at(-1)).to.deep.equal({ ...first, story: 'once more' });
  });
});
