import { subscriptionCommands } from './subscription.commands.js';
import { subscriptionEvents } from './subscription.events.js';

/** Messages of the Subscription service (domain.md 2.10, 2.11, G-07, G-11). */
export const subscriptionMessages = { ...subscriptionCommands, ...subscriptionEvents };
