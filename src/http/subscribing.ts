import type { Kysely } from 'kysely';
import type { MessageData } from '../../machines/index.js';
import { DELIVERY_PERCENT_OFF } from '../../machines/subscription/subscription.rules.js';
import type { Discount, Terms } from '../../machines/subscription/subscription.values.js';
import type { Database } from '../db/tables.js';
import { discountFor } from '../services/subscriptions/discounts.js';
import { type Basket, createBasket } from './basket.js';
import type { CommandPort } from './command.js';
import { deliveryItems } from './deliveryItems.js';
import { planOnOffer } from './plans.js';
import { problem } from './problem.js';
import type { Call } from './route.js';
import { createShoppers, whoOrders } from './shoppers.js';
import type { SubscribeBody } from './subscribeSchemas.js';
import { trialDaysOf } from './trialDays.js';

type SubscribeCall = Call<unknown, unknown, SubscribeBody>;

/**
 * Makes the command that subscribes somebody out of what they ask for: plan, prices and discount are looked up (S-01, S-02).
 * @throws HttpProblem UNKNOWN_CUSTOMER, RATE_LIMITED, UNKNOWN_PLAN, PLAN_RETIRED, UNKNOWN_DISCOUNT, PAYMENT_METHOD_REQUIRED, UNAVAILABLE
 * and whatever pricing an order may throw
 */
export type Subscribing = (call: SubscribeCall) => Promise<MessageData<'SubscribeUser'>>;

/** Builds the look-ups of a process. */
export function createSubscribing(port: CommandPort): Subscribing {
  const { db } = port;
  const basket = createBasket(db);
  const shopperOf = createShoppers(db);
  return async (call) => {
    const { body, resourceId } = call;
    const [shopper, wanted] = await Promise.all([shopperOf(body.customerId), termsOf(db, basket, body)]);
    const asked = {
      subscriptionId: resourceId,
      customerId: body.customerId,
      terms: wanted.terms,
      paymentMethod: body.payment?.method ?? null,
      autoRenew: body.autoRenew,
      discount: discountOf(body.discountCode, wanted.terms),
      source: body.source,
      checkout: whoOrders(call, shopper),
    };
    // Last: a trial that is claimed is gone for the next request.
    const trialDays = await trialDaysOf(port, call, wanted);
    if (!body.payment && trialDays === 0)
      throw problem('PAYMENT_METHOD_REQUIRED', 'Without a trial the first period is charged now.');
    return { ...asked, trialDays };
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

function discountOf(code: string | undefined, terms: Terms): Discount | null {
  if (code === undefined) return null;
  const discount = discountFor(code, terms);
  if (!discount) throw problem('UNKNOWN_DISCOUNT', `The code ${code} gives nothing on this subscription.`);
  return discount;
}
