import { expect } from 'chai';
import { payloadOf, textOf } from '../../src/runtime/payload.js';

describe('payload text', () => {
  it('is worked out once per payload, and is the stored text where the payload was stored', () => {
    const stored = '{"b": 1, "a": "x\\"y"}';
    expect(textOf(payloadOf(stored))).to.equal(stored);
    const fresh = { a: 1 };
    expect(textOf(fresh)).to.equal('{"a":1}');
    expect(textOf(null)).to.equal('null');
  });
});
