import { describeEdge } from './api/edge.js';
import { describeFraud } from './api/fraud.js';
import { describeOrdering } from './api/ordering.js';
import { describePeople } from './api/people.js';
import { describePlacing } from './api/placing.js';
import { describePlans } from './api/plans.js';
import { describeShipping } from './api/shipping.js';
import { describeStocking } from './api/stocking.js';
import { describeSubscriptions } from './api/subscriptions.js';
import { describeUsage } from './api/usage.js';
import { openShop, type Shop } from './shop.js';

/** One shop for all routes; whatever it answers must be what the OpenAPI document says. */
describe('the API', function () {
  this.timeout(60_000);
  let shop: Shop;
  before(async () => {
    shop = await openShop({ TEST_CLOCKS: 'on' });
  });
  after(() => shop?.close());

  const current = () => shop;
  describePlacing(current);
  describeOrdering(current);
  describeShipping(current);
  describeFraud(current);
  describeStocking(current);
  describePeople(current);
  describePlans(current);
  describeSubscriptions(current);
  describeUsage(current);
  describeEdge(current);
});
