import { expect } from 'chai';
import { testSubfolder } from '../../support/folder.js';
import { isFlawless, roll } from './roll.js';

describe('a machine migration under load', () => {
  it('takes every order over while both versions run side by side, and each is delivered', async function () {
    this.timeout(400_000);
    const rolled = await roll({ orders: 60, folder: testSubfolder('migration-'), say: () => undefined });
    expect(rolled, JSON.stringify(rolled)).to.include({ orders: 60, delivered: 60, deadLetters: 0, left: 0 });
    expect(rolled.unfolded).to.deep.equal([]);
    expect(rolled.lifted).to.be.above(0);
    expect(rolled.lifted + rolled.finishedByV1).to.equal(rolled.storedByV1);
    expect(rolled.bornAsV2).to.equal(60 - rolled.storedByV1);
    expect(isFlawless(rolled)).to.equal(true);
  });
});
