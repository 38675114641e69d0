import fc from 'fast-check';
import type { Discount, Plan } from '../../machines/subscription/subscription.values.js';
import type { Card } from './bank.js';

/** Something that a subscriber does, some time after what they did before. */
export interface Deed {
  readonly afterHours: number;
  /** Something that makes sense then; otherwise anything that there is to do. */
  readonly isSensible: boolean;
  /** Which one. */
  readonly by: number;
}

/** What becomes of a wish that the provider ends its agreement, or lets it go on. */
export type AgreementMood = 'grants' | 'refusesOnce' | 'refusesTwice';

/** One subscription of a story, and how the world treats it. */
export interface LifePlan {
  readonly wish: 'plan' | 'delivery';
  /** The plan, or the rhythm of the delivery. */
  readonly choice: number;
  readonly trialDays: number;
  /** Null, which only a trial may begin with, leaves the method for later. */
  readonly card: Card | null;
  readonly autoRenew: boolean;
  readonly discount: Discount | null;
  /** 0 ordinary; 1 from an address that hides. */
  readonly suspicion: number;
  /** Delivered to a country that nobody ships to. */
  readonly isOutOfReach: boolean;
  readonly provider: AgreementMood;
  readonly deeds: readonly Deed[];
  /** From the last deed until support ends what is still alive. */
  readonly restHours: number;
}

const usd = (amount: number) => ({ amount, currency: 'USD' });
const planId = (n: number): string => `019ca000-0005-7000-8000-00000000000${n}`;
const rhythms = [
  ['Ten Days', 1_000, 'daily', 10],
  ['Weekly', 701, 'weekly', 1],
  ['Monthly', 2_999, 'monthly', 1],
  ['Monthly Plus', 5_003, 'monthly', 1],
  ['Quarterly', 8_887, 'quarterly', 1],
  ['Annual', 29_989, 'annual', 1],
  ['Trifle', 60, 'monthly', 1],
] as const;

/** The plans for sale. */
export const plans: readonly Plan[] = rhythms.map(([name, amount, billingCycle, intervalCount], n) => ({
  planId: planId(n),
  name,
  price: usd(amount),
  billingCycle,
  intervalCount,
  taxRegion: 'US-CA',
}));

/** How often deliveries come. */
export const deliveryRhythms = [
  { billingCycle: 'weekly', intervalCount: 2 },
  { billingCycle: 'monthly', intervalCount: 1 },
  { billingCycle: 'weekly', intervalCount: 1 },
] as const;

/** What deliveries are made of; the prices are those that a story begins with. */
export const goods = [
  { product: 3, price: 900 },
  { product: 4, price: 3_200 },
] as const;

const deed: fc.Arbitrary<Deed> = fc.record({
  afterHours: fc.oneof(fc.nat(30), fc.nat(250), fc.nat(250), fc.nat(900)),
  isSensible: fc.constantFrom(true, true, true, false),
  by: fc.nat(99),
});

/** Any life of a subscriber; cards are those of the story. */
export const anyLife = (card: fc.Arbitrary<Card>): fc.Arbitrary<LifePlan> =>
  fc
    .record({
      wish: fc.constantFrom('plan', 'plan', 'plan', 'delivery'),
      choice: fc.constantFrom(2, 0, 1, 2, 3, 4, 5, 6),
      trialDays: fc.constantFrom(0, 0, 3, 14),
      card: fc.option(card, { nil: null, freq: 9 }),
      autoRenew: fc.constantFrom(true, true, true, true, false),
      discount: fc.constantFrom(null, null, null, 1, 100),
      suspicion: fc.constantFrom(0, 0, 0, 0, 1),
      isOutOfReach: fc.constantFrom(false, false, false, false, false, true),
      provider: fc.constantFrom('grants', 'grants', 'grants', 'refusesOnce', 'refusesTwice'),
      deeds: fc.array(deed, { minLength: 1, maxLength: 9, size: 'max' }),
      restHours: fc.nat(1_200),
    })
    .map((drawn): LifePlan => {
      const percent = drawn.discount === 100 ? 100 : 20;
      return {
        ...drawn,
        card: drawn.card ?? (drawn.trialDays > 0 ? null : { declines: 0, reason: 'other', refunds: 'quick' }),
        discount: drawn.discount && { code: null, percent, timesLeft: 1 },
      } as LifePlan;
    });
