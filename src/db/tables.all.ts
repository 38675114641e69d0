// Every service's tables, for those who need the whole Database type: one side-effect import per module of ./tables/.
import './tables/inventory.js';
import './tables/fraud.js';
import './tables/notifications.js';
import './tables/orders.js';
import './tables/shipping.js';
import './tables/payments.js';
import './tables/subscriptions.js';
import './tables/billing.js';
