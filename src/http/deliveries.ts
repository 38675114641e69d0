import { z } from 'zod';
import { deliveryOf } from '../../machines/subscription/subscription.context.js';
import type { Delivery } from '../../machines/subscription/subscription.values.js';
import { createBasket } from './basket.js';
import { commandRoute, type SubscriptionPort } from './commandRoute.js';
import { deliveryItems } from './deliveryItems.js';
import { problem } from './problem.js';
import type { Route } from './route.js';
import { instantSchema, moneySchema, uuidSchema } from './schemas.js';
import { itemsInput } from './subscribeSchemas.js';
import type { StoredSubscription } from './subscriptionViews.js';

/** The routes that change the next deliveries of a subscription. */
export const deliveryRoutes = (deps: SubscriptionPort): Route[] => [
  skipRoute(deps),
  moveRoute(deps),
  changeItemsRoute(deps),
  approvePricesRoute(deps),
];

const skipRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'delivery/skip',
      operationId: 'skipDelivery',
      summary: 'Leave the next delivery out',
      sends: 'SkipDelivery',
      rule: 'Only a delivery can be skipped, before its day.',
    },
    async () => ({}),
  );

const moveRoute = (deps: SubscriptionPort): Route =>
  commandRoute(
    deps,
    {
      verb: 'delivery/move',
      operationId: 'moveDelivery',
      summary: 'Have the next delivery on another day',
      description: 'The deliveries after it keep their days.',
      body: z.strictObject({ deliverAt: instantSchema }).meta({ id: 'MoveDelivery' }),
      example: { deliverAt: '2030-01-31T09:00:00Z' },
      sends: 'MoveDelivery',
      rule: 'A delivery can be moved to a day that is still to come, before the delivery after it.',
    },
    async ({ body }) => body,
  );

function changeItemsRoute(deps: SubscriptionPort): Route {
  const basket = createBasket(deps.db);
  return commandRoute(
    deps,
    {
      method: 'put',
      verb: 'delivery/items',
      operationId: 'changeDeliveryItems',
      summary: 'Have these products, in these quantities, from the next delivery on',
      description: 'In the place of those before, at today’s prices, which the customer agrees to.',
      body: z.strictObject({ items: itemsInput }).meta({ id: 'DeliveryItems' }),
      example: { items: [{ productId: '01900000-0000-7000-8000-500000000001', quantity: 2 }] },
      sends: 'ChangeQuantities',
      problems: ['UNKNOWN_PRODUCT', 'PRICE_MISMATCH', 'UNSUPPORTED_CURRENCY', 'UNSUPPORTED_COUNTRY', 'ORDER_TOO_LARGE'],
    },
    async ({ body }, subscription) => ({
      items: await deliveryItems(basket, body.items, expectDelivery(subscription)),
    }),
  );
}

function approvePricesRoute(deps: SubscriptionPort): Route {
  const basket = createBasket(deps.db);
  return commandRoute(
    deps,
    {
      verb: 'delivery/prices',
      operationId: 'approvePrices',
      summary: 'Agree to prices that have risen',
      description: 'A product that has become dearer by more than 10 % stays behind until the customer agrees.',
      body: z
        .strictObject({
          items: z
            .array(z.strictObject({ productId: uuidSchema, price: moneySchema }))
            .min(1)
            .max(100),
        })
        .meta({ id: 'ApprovePrices' }),
      example: {
        items: [{ productId: '01900000-0000-7000-8000-500000000001', price: { amount: 5200, currency: 'USD' } }],
      },
      sends: 'ApprovePrices',
      problems: ['UNKNOWN_PRODUCT', 'PRICE_MISMATCH', 'UNSUPPORTED_CURRENCY'],
    },
    async ({ body }, subscription) => {
      const { currency } = expectDelivery(subscription);
      const lines = await basket(
        body.items.map((item) => ({ ...item, quantity: 1 })),
        currency,
      );
      return { prices: lines.map(({ productId, unitPrice }) => ({ productId, unitPrice })) };
    },
  );
}

/** @throws HttpProblem CONFLICT_ERROR for a subscription to a plan */
function expectDelivery({ state, context }: StoredSubscription): Delivery {
  const delivery = deliveryOf(context);
  if (!delivery) throw problem('CONFLICT_ERROR', 'This subscription delivers no products.', { currentState: state });
  return delivery;
}
