import { expect } from 'chai';
import { preferredWait } from '../../src/http/prefer.js';

describe('Prefer', () => {
  for (const [header, seconds] of [
    ['wait=5', 5],
    ['respond-async, wait=10', 10],
    ['Wait = "3"; foo', 3],
    ['wait=0', 0],
    ['wait=31', 30],
    ['wait=999999999999', null],
    ['wait=-1', null],
    ['wait', null],
    ['waiting=5', null],
    [undefined, null],
  ] as const) {
    it(`${header ?? 'left out'} means ${seconds === null ? 'not to wait' : `${seconds} s`}`, () => {
      expect(preferredWait(header)).to.equal(seconds);
    });
  }
});
