import { expect } from 'chai';
import { idOf, isUuid, newId } from '../../src/http/ids.js';

describe('ids', () => {
  it('are UUIDv7 of the present, all different', () => {
    const ids = Array.from({ length: 2000 }, newId);
    expect(new Set(ids).size).to.equal(2000);
    expect(ids.every((id) => isUuid(id) && id[14] === '7')).to.be.true;
    const time = Number.parseInt((ids[0] as string).replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(Date.now() - time)).to.be.below(5000);
  });

  it('of foreign things are the same every time, and carry their time', () => {
    const at = Date.parse('2026-03-01T12:00:00Z');
    expect(idOf('evt_1', at)).to.equal(idOf('evt_1', at));
    expect(idOf('evt_1', at)).not.to.equal(idOf('evt_2', at));
    expect(isUuid(idOf('evt_1', at))).to.be.true;
    expect(Number.parseInt(idOf('evt_1', at).replaceAll('-', '').slice(0, 12), 16)).to.equal(at);
  });
});
