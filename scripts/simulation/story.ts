import fc from 'fast-check';
import type { FailureReason } from '../../machines/payment/payment.messages.js';
import type { StockItem } from '../../src/services/inventory/stockItem.js';
import type { Card } from './bank.js';
import { anyLife, goods, type LifePlan } from './lives.js';

/** One order of a story, and how the world treats it. */
export interface OrderPlan {
  /** Product (0 cheap, 1 dear, 2 very dear) and quantity. */
  readonly lines: readonly { readonly product: number; readonly quantity: number }[];
  readonly isGuest: boolean;
  /** 0 ordinary; 1 billed elsewhere; 2 from an address that hides, too. */
  readonly suspicion: number;
  readonly card: Card;
  /** Bookings that carriers refuse. */
  readonly refusals: number;
  /** What people do with its parcels when they have nothing better to do. */
  readonly parcels: 'delivered' | 'dispatched' | 'left';
}

/** What becomes of the nth of something, instead of what would in a calm world. */
export interface Fate<F> {
  readonly nth: number;
  readonly fate: F;
  /** How far, or which one. */
  readonly by: number;
}

export type PacketFate = 'overtaken' | 'lost' | 'doubled';
/** A process may die before its call has arrived, after that, or with the outcome in its hands. */
export type CallFate = 'answerLost' | 'requestLost' | 'slow' | 'diesBefore' | 'diesAfter' | 'diesUnsettled';
/** A subscriber may have an idea, and everything may stand still for days. */
export type MomentFate = 'act' | 'timePasses' | 'deed' | 'daysPass';

/** The subscriptions of a story, and what goes wrong in their time. */
export interface Lives {
  readonly people: readonly LifePlan[];
  /** Units of each of the goods in each of the two warehouses. */
  readonly units: readonly number[];
  readonly packets: readonly Fate<PacketFate>[];
  readonly calls: readonly Fate<CallFate>[];
  readonly moments: readonly Fate<MomentFate>[];
}

/** Everything that a run depends on. */
export interface Story {
  readonly orders: readonly OrderPlan[];
  /** A payment that only holds money until it is captured (P-09). */
  readonly hold: Card | null;
  /** Units of each product in each of the two warehouses. */
  readonly units: readonly number[];
  readonly reviewer: 'approves' | 'declines' | 'nobody';
  readonly packets: readonly Fate<PacketFate>[];
  readonly calls: readonly Fate<CallFate>[];
  readonly moments: readonly Fate<MomentFate>[];
  /** Null in stories that are about orders only. */
  readonly lives: Lives | null;
}

export const prices = [2_500, 120_000, 1_100_000] as const;

const reasons = ['insufficient_funds', 'card_declined', 'expired_card', 'fraud_suspected', 'other'] as const;

const card: fc.Arbitrary<Card> = fc.record({
  declines: fc.constantFrom(0, 0, 0, 1, 2, 9),
  reason: fc.constantFrom<FailureReason>(...reasons),
  refunds: fc.constantFrom('quick', 'quick', 'slow', 'refused'),
});

const line = fc.record({ product: fc.constantFrom(0, 0, 0, 1, 2), quantity: fc.integer({ min: 1, max: 3 }) });

const orderPlan: fc.Arbitrary<OrderPlan> = fc.record({
  lines: fc.array(line, { minLength: 1, maxLength: 2 }),
  isGuest: fc.boolean(),
  suspicion: fc.constantFrom(0, 0, 1, 2),
  card,
  refusals: fc.constantFrom(0, 0, 0, 1, 3, 9),
  parcels: fc.constantFrom('delivered', 'dispatched', 'left'),
});

/** Up to `most` fates among the first `among` of something. */
const fates = <F>(among: number, most: number, kinds: readonly F[]): fc.Arbitrary<Fate<F>[]> =>
  fc.array(fc.record({ nth: fc.nat(among), fate: fc.constantFrom(...kinds), by: fc.nat(15) }), {
    maxLength: most,
    size: 'max',
  });

const packetFates = ['overtaken', 'overtaken', 'lost', 'doubled'] as const;
const callFates = ['answerLost', 'requestLost', 'slow', 'diesBefore', 'diesAfter', 'diesUnsettled'] as const;

const lives: fc.Arbitrary<Lives> = fc.record({
  people: fc.array(anyLife(card), { minLength: 1, maxLength: 2 }),
  units: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 4, maxLength: 4 }),
  packets: fates<PacketFate>(600, 50, packetFates),
  calls: fates<CallFate>(100, 16, callFates),
  moments: fates<MomentFate>(900, 16, ['deed', 'deed', 'act', 'timePasses', 'daysPass']),
});

/** Any story; it shrinks towards one ordinary order in a calm world. */
export const anyStory: fc.Arbitrary<Story> = fc.record({
  orders: fc.array(orderPlan, { minLength: 1, maxLength: 3 }),
  hold: fc.option(card, { nil: null, freq: 2 }),
  units: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 6, maxLength: 6 }),
  reviewer: fc.constantFrom('approves', 'declines', 'nobody'),
  packets: fates<PacketFate>(140, 30, packetFates),
  calls: fates<CallFate>(20, 8, callFates),
  moments: fates<MomentFate>(250, 14, ['act', 'act', 'timePasses']),
  // Last, so that what is drawn before it is what it was when there were no subscriptions.
  lives: fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: lives },
  ),
});

const idOf = (kind: number, n: number): string => `019ca000-000${kind}-7000-8000-00000000000${n}`;
export const productId = (product: number): string => idOf(1, product);
export const customerId = idOf(4, 1);
/** Subscribers are others than who orders. */
export const subscriberId = (n: number): string => idOf(4, 2 + n);
const places = [
  { warehouseId: idOf(2, 1), warehouseCode: 'EAST', lat: 38, lon: -85 },
  { warehouseId: idOf(2, 2), warehouseCode: 'WEST', lat: 39, lon: -120 },
];

/** What is on the shelves when a story begins. */
export const shelves = ({ units, lives }: Story): StockItem[] =>
  places.flatMap((place, p) => [
    ...prices.map((_, product) => itemAt(place, product, idOf(3, 3 * p + product), units[3 * p + product])),
    ...(lives ? goods.map(({ product }, n) => itemAt(place, product, idOf(6, 2 * p + n), lives.units[2 * p + n])) : []),
  ]);

const itemAt = (place: (typeof places)[number], product: number, stockItemId: string, onHand = 0): StockItem => ({
  ...place,
  stockItemId,
  productId: productId(product),
  sku: `P-${product}`,
  productName: `Product ${product}`,
  warehouseActive: true,
  reorderPoint: 1,
  reorderQty: 10,
  maxLevel: null,
  status: 'ACTIVE' as const,
  onHand,
  reserved: 0,
  version: 1,
});
