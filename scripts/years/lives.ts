import { seededRandom } from '../dev/seededRandom.js';
import type { Deed, Wish } from './expected.js';
import { drawDelivery, idFor, type MenuPlan, menu } from './menu.js';
import { Oracle } from './oracle/oracle.js';

const day = 86_400_000;
/** Leap day 2028 is among the first days. */
export const begin = Date.parse('2027-12-01T00:00:00Z');

/** What one customer does, and what should come of it. */
export interface Life {
  readonly number: number;
  readonly subscriptionId: string;
  readonly customerId: string;
  readonly clockId: string;
  readonly wish: Wish;
  readonly startAt: number;
  readonly trialDays: number;
  readonly deeds: readonly { readonly at: number; readonly deed: Deed }[];
  readonly expected: Oracle;
}

type Random = () => number;
const draw = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** The lives of as many subscriptions, until an instant; the same seed always gives the same ones. */
export const livesOf = (options: { subscriptions: number; end: number; seed: number }): Life[] =>
  Array.from({ length: options.subscriptions }, (_, number) => live(number, options.end, options.seed));

function live(number: number, end: number, seed: number): Life {
  const random = seededRandom(seed * 1_000_003 + number * 7_919);
  const wish = wishOf(number, random);
  const startAt = wish.kind === 'plan' && wish.plan.billingCycle === 'daily' ? lateStart(random, end) : startOf(random);
  const trialDays = wish.kind === 'plan' && random() < 0.3 ? draw(random, [3, 7, 14, 30]) : 0;
  const expected = new Oracle({ wish, at: startAt, trialDays });
  const deeds: { at: number; deed: Deed }[] = [];
  for (let at = startAt; ; ) {
    // Half a second past: never the same instant as a timer.
    at = Math.floor((at + patience(expected, random)) / 1000) * 1000 + 500;
    if (at >= end) break;
    expected.advance(at);
    for (const deed of decide(expected, random)) {
      deeds.push({ at, deed });
      expected.take(deed);
    }
  }
  expected.advance(end);
  const id = (what: string) => idFor(`${seed} ${what} ${number}`);
  const ids = { subscriptionId: id('subscription'), customerId: id('customer'), clockId: id('clock') };
  return { number, ...ids, wish, startAt, trialDays, deeds, expected };
}

/** Of a hundred: 4 daily, 18 weekly, 10 deliveries, the others monthly and longer. */
function wishOf(number: number, random: Random): Wish {
  const place = (number * 37) % 100;
  const cycles = place < 4 ? ['daily'] : place < 22 ? ['weekly'] : ['monthly', 'monthly', 'quarterly', 'annual'];
  if (place >= 90) return { kind: 'delivery', delivery: drawDelivery(random) };
  const cycle = draw(random, cycles);
  return {
    kind: 'plan',
    plan: draw(
      random,
      menu.filter(({ billingCycle }) => billingCycle === cycle),
    ),
  };
}

/** Some day of the first three months, rather one that not every month has; any second of it. */
function startOf(random: Random): number {
  const dates = random() < 0.4 ? ['12-31', '01-29', '01-30', '01-31', '02-29'] : null;
  const date = dates && draw(random, dates);
  const midnight = date
    ? Date.parse(`${date === '12-31' ? 2027 : 2028}-${date}T00:00:00Z`)
    : begin + Math.floor(random() * 90) * day;
  return midnight + Math.floor(random() * 86_400) * 1000;
}

/** Dailies live through the last weeks only: a few of them would be most of the invoices. */
const lateStart = (random: Random, end: number): number => end - (15 + Math.floor(random() * 40)) * day - 1000;

/** How long until a customer looks again (ms): the more is wrong, the sooner. */
function patience(subscription: Oracle, random: Random): number {
  const { stage, card, autoRenew, refusals } = subscription;
  const isQuiet = stage === 'current' && card === 'good' && autoRenew && refusals === 0;
  const isOver = subscription.decisionUntil !== null;
  const days = isQuiet
    ? 15 + random() * 170
    : stage === 'paused'
      ? 3 + random() * 40
      : 0.5 + random() * (isOver ? 5 : 9);
  return days * day;
}

function decide(subscription: Oracle, random: Random): Deed[] {
  const chance = random();
  switch (subscription.stage) {
    case 'current':
      return subscription.card === 'good' ? whileAllIsWell(subscription, random) : chance < 0.3 ? [goodCard] : [];
    case 'trialing':
      if (chance < 0.1) return [cancel(random)];
      if (chance < 0.2) return [{ do: 'pay with', card: 'empty' }];
      return chance < 0.3 ? [{ do: 'renew by itself', autoRenew: !subscription.autoRenew }] : [];
    case 'offerPending':
      if (chance < 0.35) return [{ do: 'accept', choice: 'discount' }];
      if (chance < 0.55) return [{ do: 'accept', choice: subscription.isPauseOffered ? 'pause' : 'support' }];
      return chance < 0.75 ? [{ do: 'decline' }] : [];
    case 'paused':
      if (chance < 0.05) return [cancel(random)];
      return chance < 0.4 ? [{ do: 'resume' }] : [];
    case 'pastDue':
    case 'grace':
      if (chance < 0.35) return [goodCard];
      if (chance < 0.4) return [cancel(random)];
      if (chance < 0.45) return [{ do: 'pay with', card: draw(random, ['empty', 'stolen']) }];
      return chance < 0.6 && subscription.isUsable ? [{ do: 'retry' }] : [];
    case 'suspended':
      if (chance < 0.05) return [{ do: 'pay with', card: 'empty' }];
      return chance < 0.4 ? [goodCard] : [];
    case 'cancelScheduled':
      return chance < 0.2 ? [{ do: 'reactivate' }] : [];
    case 'cancelled':
    case 'expired':
      if (subscription.decisionUntil === null || subscription.refusals > 0) return [];
      return chance < 0.9 ? [{ do: 'begin anew' }] : [];
  }
}

const goodCard: Deed = { do: 'pay with', card: 'good' };

const cancel = (random: Random): Deed => ({
  do: 'cancel',
  mode: draw(random, ['period_end', 'period_end', 'immediate']),
  reason: draw(random, ['too_expensive', 'not_used']),
  declines: random() < 0.4,
});

function whileAllIsWell(subscription: Oracle, random: Random): Deed[] {
  const { now, planInForce } = subscription;
  const chance = random();
  if (!subscription.autoRenew) return chance < 0.08 ? [{ do: 'renew by itself', autoRenew: true }] : [];
  if (subscription.refusals > 0) return [];
  if (chance < 0.12) return [{ do: 'pause', until: now + (2 + Math.floor(random() * 80)) * day + 17_000 }];
  if (chance < 0.18) return [cancel(random)];
  if (chance < 0.21) return [{ do: 'renew by itself', autoRenew: false }];
  if (!planInForce) return withDelivery(subscription, random);
  if (chance < 0.52) return [{ do: 'change plan', plan: otherPlan(subscription, planInForce, random) }];
  if (chance < 0.64) return [{ do: 'pay with', card: random() < 0.75 ? 'empty' : 'stolen' }];
  return chance < 0.8 ? [{ do: 'run dry', times: 1 + Math.floor(random() * 4) }] : [];
}

function withDelivery(subscription: Oracle, random: Random): Deed[] {
  const { now, nextDelivery, period } = subscription;
  const chance = random();
  if (chance < 0.4) return [{ do: 'skip delivery' }];
  const latest = Math.min(nextDelivery, (period?.end ?? now) + 20 * day) - now;
  if (chance < 0.7 && latest > 2 * day) {
    return [{ do: 'move delivery', to: now + day + Math.floor((random() * (latest - 2 * day)) / 1000) * 1000 }];
  }
  return [];
}

/** Another plan of the same region, or the present one to take a wish back; daily ones only for those who have one. */
function otherPlan({ hasPlanAhead }: Oracle, present: MenuPlan, random: Random): MenuPlan {
  const isDaily = ({ billingCycle }: MenuPlan) => billingCycle === 'daily';
  return draw(
    random,
    menu.filter(
      (plan) =>
        plan.taxRegion === present.taxRegion &&
        isDaily(plan) === isDaily(present) &&
        (plan !== present || hasPlanAhead),
    ),
  );
}
