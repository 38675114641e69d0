import { expect } from 'chai';
import { checkIfMatch } from '../../src/http/etag.js';
import { codeOf } from './codeOf.js';

describe('If-Match', () => {
  it('lets the version through that it names, any with *, and all without it', () => {
    for (const header of ['"3"', '"1", "3"', '*', undefined])
      expect(codeOf(() => checkIfMatch(header, 3))).to.equal('none');
  });

  it('refuses every other', () => {
    for (const header of ['"2"', '3', 'W/"3"', ''])
      expect(codeOf(() => checkIfMatch(header, 3))).to.equal('PRECONDITION_FAILED');
  });
});
