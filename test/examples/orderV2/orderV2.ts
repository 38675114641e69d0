import type { AnyStateMachine } from 'xstate';
import { newOrder } from '../../../machines/order/order.context.js';
import { orderMachine } from '../../../machines/order/order.machine.js';
import { order } from '../../../machines/order/order.setup.js';
import type { Actor, Snapshot } from '../../../src/runtime/ports.js';
import { actors } from '../../../src/services/registry.js';

/** The chart's states, with the targets by their new names. */
const states = JSON.parse(
  JSON.stringify(orderMachine.config.states)
    .replaceAll('"#order.confirmed.paymentRetry"', '"#order.confirmed.retrying"')
    .replaceAll('"target":"booked"', '"target":"readyToShip"'),
) as Record<string, { states: Record<string, object> }>;
const { paymentRetry, ...collecting } = states.confirmed?.states ?? {};
const { booked, ...packing } = states.fulfilling?.states ?? {};

/**
 * An order's machine as somebody may want it next year: `fulfilling.booked` is called `readyToShip`, `confirmed.paymentRetry` is called
 * `retrying`, and the context counts the units. In a real change these are edits of the machine's own files.
 */
const machine: AnyStateMachine = order.createMachine({
  ...orderMachine.config,
  context: ({ input }: { input: Parameters<typeof newOrder>[0] }) => withUnits({ ...newOrder(input) }),
  states: {
    ...states,
    // The old name stays the id, for timers are armed under it.
    confirmed: {
      ...states.confirmed,
      states: { ...collecting, retrying: { ...paymentRetry, id: 'order.confirmed.paymentRetry' } },
    },
    fulfilling: { ...states.fulfilling, states: { ...packing, readyToShip: booked } },
  },
} as never) as never;

const withUnits = <C extends Record<string, unknown>>(context: C): C & { units: number } => {
  const items = context.items as readonly { readonly quantity: number }[];
  return { ...context, units: items.reduce((sum, { quantity }) => sum + quantity, 0) };
};

const newNames: Readonly<Record<string, unknown>> = {
  '{"fulfilling":"booked"}': { fulfilling: 'readyToShip' },
  '{"confirmed":"paymentRetry"}': { confirmed: 'retrying' },
};

/** Lifts what version 1 stored. */
const lift = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  value: newNames[JSON.stringify(snapshot.value)] ?? snapshot.value,
  context: withUnits(snapshot.context),
});

export const orderV2: Actor = { ...actors.order, machine, version: 2, migrations: { 1: lift } };
