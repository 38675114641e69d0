import { expect } from 'chai';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../src/http/cursor.js';
import { newId } from '../../src/http/ids.js';
import { codeOf } from './codeOf.js';

describe('cursors', () => {
  it('come back as they went', () => {
    const position = { createdAt: '2026-03-01T12:00:00.123456Z', id: newId() };
    expect(encodeCursor(position)).to.match(/^[\w-]+$/);
    expect(decodeCursor(encodeCursor(position))).to.deep.equal(position);
  });

  it('that are made up are refused', () => {
    const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const cursor of [
      '',
      '!',
      'bm9uc2Vuc2U',
      made([]),
      made(["2026'; --", newId()]),
      made(['2026-03-01T12:00:00.123456Z', 'x']),
    ]) {
      expect(
        codeOf(() => decodeCursor(cursor)),
        cursor,
      ).to.equal('VALIDATION_ERROR');
    }
    fc.assert(fc.property(fc.string(), (text) => codeOf(() => decodeCursor(text)) === 'VALIDATION_ERROR'));
  });
});
