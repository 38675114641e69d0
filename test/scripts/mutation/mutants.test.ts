import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { mutants } from '../../../scripts/mutation/mutants.js';
import { mutate } from '../../../scripts/mutation/run.js';

describe('the mutants', () => {
  for (const mutant of mutants) {
    it(`take away that ${mutant.name}`, () => {
      const text = readFileSync(mutant.file, 'utf8');
      expect(mutate(text, mutant)).to.not.equal(text);
      expect(readFileSync(mutant.test.file, 'utf8')).to.include(mutant.test.title);
    });
  }

  it('are at least twenty, each of another safeguard', () => {
    expect(new Set(mutants.map(({ name }) => name)).size)
      .to.equal(mutants.length)
      .and.to.be.at.least(20);
  });

  it('are stale when what they take away has changed', () => {
    const [mutant] = mutants as [(typeof mutants)[0]];
    expect(() => mutate('something else', mutant)).to.throw(/stale mutant/);
    expect(() => mutate(mutant.from + mutant.from, mutant)).to.throw(/2 times, not once/);
  });
});
