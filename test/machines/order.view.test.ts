import { expect } from 'chai';
import { orderMachine } from '../../machines/order/order.machine.js';
import { orderView, orderViews } from '../../machines/order/order.view.js';

describe('the views of an order', () => {
  for (const [state, rest, entity, event] of [
    ['pending', 'pending', 'Pending', 'pending'],
    ['confirmed.reserving', 'pending', 'Pending', 'confirmed'],
    ['confirmed.paymentRetry', 'pending', 'Pending', 'confirmed'],
    ['paid', 'processing', 'Processing', 'confirmed'],
    ['fulfilling.manual', 'processing', 'Processing', 'confirmed'],
    ['shipped.deliveryException', 'processing', 'Shipped', 'shipped'],
    ['delivered', 'completed', 'Delivered', 'delivered'],
    ['cancelled', 'cancelled', 'Cancelled', 'cancelled'],
  ] as const) {
    it(`call ${state} ${rest}, ${entity} and ${event} (C-13)`, () => {
      expect(orderView(state)).to.deep.equal({ rest, entity, event });
    });
  }

  it('know every state of the machine, and no other', () => {
    expect(Object.keys(orderViews)).to.have.members(Object.keys(orderMachine.states));
    expect(() => orderView('lost')).to.throw('lost is not a state of an order');
    expect(() => orderView('constructor')).to.throw('is not a state of an order');
  });
});
