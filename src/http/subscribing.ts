import type { Kysely } from 'kysely';
import type { MessageData } from '../../machines/index.js';
import { DELIVERY_PERCENT_OFF } from '../../machines/subscription/subscription.rules.js';
import type { Discount, Terms } from '../../machines/subscription/subscription.values.js';
import type { Database } from '../db/tables.js';
import { discountFor } from '../services/subscriptions/discounts.js';
import { type Basket, createBasket } from './basket.js';
import { deliveryItems } from './deliveryItems.js';
import { planOnOffer } from './plans.js';
import { authorise } from './principal.js';
import { problem } from './problem.js';
import type { Call } from './route.js';
import { createShoppers, whoOrders } from './shoppers.js';
import type { SubscribeBody } from './subscribeSchemas.js';

type SubscribeCall = Call<unknown, unknown, SubscribeBody>;

/**
 * Makes the command that subscribes somebody out of what they ask for: plan, prices and discount are looked up (S-01, S-02).
 * @throws HttpProblem UNKNOWN_CUSTOMER, RATE_LIMITED, UNKNOWN_PLAN, PLAN_RETIRED, UNKNOWN_DISCOUNT, PAYMENT_METHOD_REQUIRED
 * and whatever pricing an order may throw
 */
export type Subscribing = (call: SubscribeCall) => Promise<MessageData<'SubscribeUser'>>;

/** Builds the look-ups of a process. */
export function createSubscribing(db: Kysely<Database>): Subscribing {
  const basket = createBasket(db);
  const shopperOf = createShoppers(db);
  return async (call) => {
    const { body, resourceId } = call;
    const [shopper, wanted] = await Promise.all([shopperOf(body.customerId), termsOf(db, basket, body)]);
    const trialDays = trialOf(call, wanted.trialDays);
    if (!body.payment && trialDays === 0)
      throw problem('PAYMENT_METHOD_REQUIRED', 'Without a trial the first period is charged now.');
    return {
      subscriptionId: resourceId,
      customerId: body.customerId,
      terms: wanted.terms,
      trialDays,
      paymentMethod: body.payment?.method ?? null,
      autoRenew: body.autoRenew,
      discount: discountOf(body.discountCode, wanted.terms),
      source: body.source,
      checkout: whoOrders(call, shopper),
    };
  };
}

interface Wanted {
  readonly terms: Terms;
  readonly trialDays: number;
}

async function termsOf(db: Kysely<Database>, basket: Basket, body: SubscribeBody): Promise<Wanted> {
  if (body.delivery) return { terms: await deliveryTerms(basket, body.delivery), trialDays: 0 };
  const { plan, trialDays } = await planOnOffer(db, body.planId ?? '');
  return { terms: { kind: 'plan', plan }, trialDays };
}

async function deliveryTerms(basket: Basket, wanted: NonNullable<SubscribeBody['delivery']>): Promise<Terms> {
  const items = await deliveryItems(basket, wanted.items, wanted);
  return { kind: 'delivery', delivery: { ...wanted, items, percentOff: DELIVERY_PERCENT_OFF } };
}

/** The days of a trial: as many as the plan gives, or fewer at the customer's wish. */
function trialOf({ body, principal }: SubscribeCall, offered: number): number {
  const { trialPeriodDays = offered } = body;
  if (trialPeriodDays > offered) authorise(principal, 'subscriptions:staff');
  return trialPeriodDays;
}

function discountOf(code: string | undefined, terms: Terms): Discount | null {
  if (code === undefined) return null;
  const discount = discountFor(code, terms);
  if (!discount) throw problem('UNKNOWN_DISCOUNT', `The code ${code} gives nothing on this subscription.`);
  return discount;
}
