import type { Migration } from 'kysely';
import * as runtime from './0001_runtime.js';
import * as orders from './0002_orders.js';
import * as payments from './0003_payments.js';
import * as inventory from './0004_inventory.js';
import * as shipping from './0005_shipping.js';
import * as fraud from './0006_fraud.js';
import * as notifications from './0007_notifications.js';
import * as subscriptions from './0008_subscriptions.js';
import * as clocks from './0009_clocks.js';
import * as plainPayloads from './0010_plainPayloads.js';
import * as deliveryOrders from './0011_deliveryOrders.js';
import * as subscriptionDates from './0012_subscriptionDates.js';
import * as accountLocks from './0013_accountLocks.js';
import * as trials from './0014_trials.js';
import * as usage from './0015_usage.js';
import * as plainSnapshots from './0016_plainSnapshots.js';

/** Every migration in order; the name is recorded in the database, so it never changes once landed. */
export const migrations: Record<string, Migration> = {
  '0001_runtime': runtime,
  '0002_orders': orders,
  '0003_payments': payments,
  '0004_inventory': inventory,
  '0005_shipping': shipping,
  '0006_fraud': fraud,
  '0007_notifications': notifications,
  '0008_subscriptions': subscriptions,
  '0009_clocks': clocks,
  '0010_plainPayloads': plainPayloads,
  '0011_deliveryOrders': deliveryOrders,
  '0012_subscriptionDates': subscriptionDates,
  '0013_accountLocks': accountLocks,
  '0014_trials': trials,
  '0015_usage': usage,
  '0016_plainSnapshots': plainSnapshots,
};
