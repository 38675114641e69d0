import { expect } from 'chai';
import { type MessageName, messages } from '../../machines/index.js';
import { check } from '../../queues/routing.js';
import { examples } from './examples.js';

/** Fields of a message's top level that may be left out. */
const optional: Partial<Record<MessageName, readonly string[]>> = {
  PlaceOrder: ['subscriptionId'],
  CancelOrder: ['note'],
  OrderConfirmed: ['subscriptionId'],
  OrderCancelled: ['cancellationNote', 'subscriptionId'],
  AddInventory: ['source'],
  InventoryAdjusted: ['orderId', 'reservationId'],
  OutOfStock: ['orderId', 'requestedQuantity'],
  UpdateShipmentStatus: ['location', 'reasonCode', 'note'],
  OverrideFraudDecision: ['note'],
  RegisterCustomer: ['phone', 'locale', 'preferredCurrency', 'address'],
  CreatePlan: ['usage'],
  UserSubscriptionCancelled: ['failedPaymentAttempts', 'lastPaymentAttempt'],
};
/** Numbers that need not be whole. */
const fractions = /\.(weight|confidence)$/;
/** Maps: whatever their names are. */
const maps = /\.metadata$/;

interface Broken {
  /** What was done to the example. */
  readonly what: string;
  readonly data: unknown;
}

type Replace = (value: unknown) => unknown;

/** Every way to spoil one value, and the values within it, each alone. */
function* spoil(value: unknown, path: string, replace: Replace): Generator<Broken> {
  const broken = (what: string, instead: unknown): Broken => ({ what: `${path} ${what}`, data: replace(instead) });
  if (Array.isArray(value)) {
    yield broken('as text', 'list');
    for (const [index, item] of value.entries()) {
      yield* spoil(item, `${path}[${index}]`, (instead) => replace(value.with(index, instead)));
    }
  } else if (typeof value === 'object' && value !== null) {
    yield broken('as a list', [value]);
    yield broken('as text', 'object');
    if (!maps.test(path)) yield broken('with a field that nobody knows', { ...value, surprise: 'here' });
    for (const [name, inner] of Object.entries(value)) {
      yield* spoil(inner, `${path}.${name}`, (instead) => replace({ ...value, [name]: instead }));
    }
  } else if (typeof value === 'string') {
    yield broken('as a number', 12);
    yield broken('as an object', { value });
    if (/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/.test(value) && value.length === 36) {
      if (!maps.test(path.slice(0, path.lastIndexOf('.')))) yield broken('as no id', 'order-42');
    } else if (/^\d{4}-\d\d-\d\dT/.test(value)) {
      yield broken('without its time zone', value.replace('Z', ''));
      yield broken('as no instant', 'yesterday');
    } else if (path.endsWith('.currency')) yield broken('in words', 'dollars');
    else if (path.endsWith('.country')) yield broken('in words', 'Springfield');
  } else if (typeof value === 'number') {
    yield broken('as text', String(value));
    yield broken('that is no number', Number.NaN);
    if (!fractions.test(path)) yield broken('and a half', value + 0.5);
  } else if (typeof value === 'boolean') {
    yield broken('as text', String(value));
    yield broken('as a number', 1);
  }
}

const names = Object.keys(messages) as MessageName[];
/** What the check says of a payload, if anything. */
const complaint = (name: MessageName, data: unknown): string | null => {
  try {
    check(name, data);
    return null;
  } catch (error) {
    return `${(error as { code?: string }).code} ${(error as Error).message}`;
  }
};

describe('the messages of the catalogue', () => {
  it('have an example each, and a semantic version', () => {
    expect(Object.keys(examples)).to.have.members(names);
    for (const name of names) expect(messages[name].version, name).to.match(/^\d+\.\d+\.\d+$/);
  });

  for (const name of names) {
    it(`take ${name} as in its example, and nothing that is broken`, () => {
      const example = examples[name];
      expect(complaint(name, example)).to.equal(null);
      const variants = [...spoil(example, name, (instead) => instead)];
      expect(variants.length).to.be.greaterThan(5);
      const passed = variants.filter(({ data }) => !complaint(name, data)?.startsWith(`INVALID_PAYLOAD ${name}: `));
      expect(passed.map(({ what }) => what)).to.deep.equal([]);
      for (const nothing of [null, undefined, {}, [], '']) expect(complaint(name, nothing)).to.be.a('string');
    });

    it(`want every field of ${name} but those that may be left out`, () => {
      const example = examples[name];
      const dispensable = Object.keys(example).filter((field) => {
        const { [field]: _, ...rest } = example as Record<string, unknown>;
        return complaint(name, rest) === null;
      });
      expect(dispensable).to.have.members(optional[name] ?? []);
    });
  }

  it('are no more than these', () => {
    expect(complaint('OrderTeleported' as MessageName, {})).to.match(/^UNKNOWN_MESSAGE /);
  });
});
