import { expect } from 'chai';
import { emit, setup } from 'xstate';
import type { FlowmartOutgoing, FlowmartReceived } from '../../machines/index.js';
import { cause } from '../../machines/shared/cause.js';
import { at, given, id, message } from './given.js';

const door = setup({
  types: {
    context: {} as { orderId: string },
    input: {} as FlowmartReceived<'PlaceOrder' | 'ExtendHold'>,
    events: {} as FlowmartReceived<'ExtendHold' | 'ReservationExpired' | 'ChangePaymentMethod'>,
    emitted: {} as FlowmartOutgoing<'ReservationExpired'>,
    meta: {} as { defers?: readonly string[] },
  },
  actions: {
    expire: emit(({ context, event }) => ({
      type: 'ReservationExpired',
      data: { orderId: context.orderId, expiredAt: cause(event).at },
    })),
  },
}).createMachine({
  id: 'door',
  context: ({ input }) => ({ orderId: input.data.orderId }),
  initial: 'closed',
  states: {
    closed: { meta: { defers: ['ChangePaymentMethod'] }, after: { 60000: { target: 'open', actions: 'expire' } } },
    open: { on: { ChangePaymentMethod: 'gone' } },
    gone: {},
  },
});

describe('the given/when/then helper of the machine tests', () => {
  const orderId = id('order');
  const hold = message('ExtendHold', { orderId, until: at(1), cause: 'paymentRetry' });
  const change = message('ChangePaymentMethod', { orderId, paymentMethod: { type: 'card', token: 'pm_card_visa' } });

  it('shows the timers of a new actor', () => {
    expect(given(door, hold).timers).to.deep.equal([{ id: 'xstate.after.60000.door.closed', dueAt: at(1) }]);
  });

  it('fires a timer at its instant and checks what is sent', () => {
    const scene = given(door, hold).whenTimerFires();
    expect(scene.state).to.equal('open');
    expect(scene.emitted).to.deep.equal([{ type: 'ReservationExpired', data: { orderId, expiredAt: at(1) } }]);
    expect(scene.timers).to.be.empty;
  });

  it('names what the actor could not take', () => {
    expect(given(door, hold).when(message('ReservationExpired', { orderId, expiredAt: at() })).ignored).to.deep.equal([
      'ReservationExpired',
    ]);
  });

  it('keeps what a later state can take, and tries it again', () => {
    const waiting = given(door, hold).when(change);
    expect(waiting.deferred.map((event) => event.type)).to.deep.equal(['ChangePaymentMethod']);
    expect(waiting.ignored).to.be.empty;
    expect(waiting.whenTimerFires()).to.include({ state: 'gone' });
  });

  it('refuses a payload that the catalogue does not know', () => {
    expect(() => message('ReservationExpired', { orderId: 'order 1', expiredAt: at() })).to.throw('Invalid UUID');
  });
});
