import { expect } from 'chai';
import { sql } from 'kysely';
import { payloadOf, textOf, textTable } from '../../src/runtime/payload.js';
import { startToy } from './toy.js';

describe('payload text', () => {
  it('is worked out once per payload, and is the stored text where the payload was stored', () => {
    const stored = '{"b": 1, "a": "x\\"y"}';
    expect(textOf(payloadOf(stored))).to.equal(stored);
    const fresh = { a: 1 };
    expect(textOf(fresh)).to.equal('{"a":1}');
    expect(textOf(null)).to.equal('null');
  });

  it('comes apart again as it was joined', async () => {
    const toy = await startToy();
    try {
      const texts = ['{"a":"\\""}', '2', 'null', JSON.stringify({ odd: '\x1e\n\u2028 “' })];
      const { rows } = await sql<{ text: string }>`select text from ${textTable(texts)} as t(text)`.execute(toy.db);
      expect(rows.map(({ text }) => text)).to.deep.equal(texts);
      const [first, second] = [textTable(texts), textTable(['1'])];
      const { rows: both } = await sql<{ text: string }>`
        select text from ${first} as t(text) union all select text from ${second} as t(text)`.execute(toy.db);
      expect(both.map(({ text }) => text)).to.deep.equal([...texts, '1']);
    } finally {
      await toy.close();
    }
  });
});
