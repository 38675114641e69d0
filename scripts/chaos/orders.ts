import { seededRandom } from '../dev/seededRandom.js';
import { seededProducts, seededWarehouses } from '../seed/catalogue.js';
import { between, Deck, pick } from './deck.js';

/** What a customer has in mind, and how many of a hundred do. */
export const journeys = {
  paid: 54,
  /** Paid, dispatched, delivered. */
  delivered: 6,
  /** Calls it off at some point. */
  cancelled: 10,
  /** Too little money on the first card, another one pays. */
  secondCard: 8,
  stolenCard: 4,
  /** Waits for another card, which never comes. */
  expiredCard: 3,
  /** Held for review, and then approved, declined, or left to wait. */
  approved: 4,
  declined: 3,
  unreviewed: 2,
  /** Of a product of which there is too little for all. */
  scarce: 6,
} as const;

export type Journey = keyof typeof journeys;

/** One order that is going to be placed. */
export interface PlannedOrder {
  readonly number: number;
  /** When it is sent, in ms from the beginning. */
  readonly at: number;
  readonly journey: Journey;
  readonly body: object;
  /** How long the customer hesitates before the next step (ms). */
  readonly hesitates: number;
}

const productOf = (sku: string): string => {
  const found = seededProducts.find((product) => product.sku === sku);
  if (!found) throw new Error(`nothing is seeded as ${sku}`);
  return found.id;
};

const plenty = ['COF-BEAN-1KG', 'MUG-STONE-35', 'NBK-DOT-A5', 'BTL-INS-075', 'PEN-FTN-M', 'YGA-MAT-5'].map(productOf);
const scarce = productOf('LMP-DESK-02');
/** Eight of them cost more than 1,000: enough for a review when they are billed abroad. */
const dear = productOf('KBD-MECH-87');

const springfield = { street: '1 Main Street', city: 'Springfield', state: 'IL', postalCode: '62701', country: 'US' };
const amsterdam = { street: 'Prinsengracht 812', city: 'Amsterdam', postalCode: '1017 JL', country: 'NL' };

const cards: Partial<Record<Journey, string>> = {
  secondCard: 'pm_card_chargeDeclinedInsufficientFunds',
  stolenCard: 'pm_card_chargeDeclinedStolenCard',
  expiredCard: 'pm_card_chargeDeclinedExpiredCard',
};

/** The orders of a run, spread evenly over `seconds`; they follow from the seed. */
export function planOrders(seed: number, count: number, seconds: number): PlannedOrder[] {
  const random = seededRandom(seed ^ 0x5eed);
  const kinds = new Deck(new Map(Object.entries(journeys) as [Journey, number][]), random);
  return Array.from({ length: count }, (_, number) => {
    const journey = kinds.draw();
    return {
      number,
      at: Math.round((number * seconds * 1000) / count),
      journey,
      body: orderBody(journey, random),
      hesitates: between(0, 3_000, random),
    };
  });
}

function orderBody(journey: Journey, random: () => number): object {
  const isHeld = ['approved', 'declined', 'unreviewed'].includes(journey);
  const first = pick(plenty, random);
  const second = pick(
    plenty.filter((id) => id !== first),
    random,
  );
  return {
    items:
      journey === 'scarce'
        ? [{ productId: scarce, quantity: between(1, 3, random) }]
        : isHeld
          ? [{ productId: dear, quantity: 8 }]
          : [
              { productId: first, quantity: 1 },
              { productId: second, quantity: between(1, 2, random) },
            ],
    currency: 'USD',
    shippingAddress: springfield,
    ...(isHeld ? { billingAddress: amsterdam } : {}),
    payment: { method: { type: 'card', token: cards[journey] ?? 'pm_card_visa' } },
  };
}

/** What must be on the shelves before the orders come: enough of everything but of what is scarce. */
export function shelvesFor(count: number): { productId: string; warehouseId: string; quantity: number }[] {
  const [reno, louisville, rotterdam] = seededWarehouses.map(({ id }) => id) as [string, string, string];
  const shared = (productId: string, quantity: number) => [
    { productId, warehouseId: louisville, quantity },
    { productId, warehouseId: reno, quantity },
  ];
  return [
    ...plenty.flatMap((productId) => shared(productId, Math.max(1000, count))),
    ...shared(dear, Math.max(1000, count)),
    // Six of a hundred orders want two of them on average: there are enough for about half.
    ...shared(scarce, Math.max(1, Math.round(count * 0.03))),
    { productId: scarce, warehouseId: rotterdam, quantity: 0 },
  ];
}
