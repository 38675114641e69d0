import { expect } from 'chai';
import { refresh, staleDocuments } from '../../scripts/docs.js';

describe('the generated documents', () => {
  it('say what the topology and the schemas say', () => {
    expect(staleDocuments(), 'run npm run docs').to.deep.equal([]);
  });

  it('are written between their markers, and nowhere else', () => {
    const text = 'before\n<!-- generated: a -->\nold\n<!-- end -->\nafter\n';
    expect(refresh(text, { a: () => 'new' })).to.equal('before\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\nafter\n');
    expect(() => refresh('nothing', { a: () => 'new' })).to.throw('there is no place for "a"');
  });
});
