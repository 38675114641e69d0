import { expect } from 'chai';
import { orderNumberOf } from '../../machines/shared/orderNumber.js';
import { newId } from '../../src/http/ids.js';

describe('the number of an order', () => {
  it('has the year, sorts by time within it, and follows from the id', () => {
    const early = orderNumberOf('019c0000-0000-7000-8000-00000000000a');
    const late = orderNumberOf('019c0000-0001-7000-8000-000000000001');
    expect(early).to.match(/^ORD-2026-[0-9A-HJKMNP-TV-Z]{7}-[0-9A-HJKMNP-TV-Z]{7}$/);
    expect(early < late).to.be.true;
    expect(orderNumberOf('019c0000-0000-7000-8000-00000000000a')).to.equal(early);
  });

  it('differs where ids of the same moment differ', () => {
    const ids = Array.from({ length: 5000 }, newId);
    expect(new Set(ids.map(orderNumberOf)).size).to.equal(5000);
  });
});
