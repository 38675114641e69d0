import { billingRoutes } from './billing.js';
import { type ClockPort, clockRoutes } from './clocks.js';
import { customerRoutes } from './customers.js';
import { fraudRoutes } from './fraud.js';
import { inventoryRoutes } from './inventory.js';
import { notificationRoutes } from './notifications.js';
import { orderRoutes } from './orders.js';
import { paymentRoutes } from './payments.js';
import type { PlaceOrderDeps } from './placeOrder.js';
import { planRoutes } from './plans.js';
import { productRoutes } from './products.js';
import type { Route } from './route.js';
import { shipmentRoutes } from './shipments.js';
import { subscriptionRoutes } from './subscriptions.js';

/** Every route below /v1. */
export const allRoutes = (deps: PlaceOrderDeps & ClockPort): Route[] => [
  ...orderRoutes(deps),
  ...paymentRoutes(deps),
  ...fraudRoutes(deps),
  ...shipmentRoutes(deps),
  ...inventoryRoutes(deps),
  ...notificationRoutes(deps),
  ...productRoutes(deps),
  ...customerRoutes(deps),
  ...planRoutes(deps),
  ...subscriptionRoutes(deps),
  ...billingRoutes(deps),
  ...clockRoutes(deps),
];
