import { z } from 'zod';
import type { Faults } from './faults.js';
import { faultRule } from './faults.js';
import type { Ledger } from './ledger.js';
import { orderBooks } from './orderBooks.js';
import type { Store } from './store.js';
import type { WebhookSender } from './webhookSender.js';

export interface ControlParts {
  store: Store;
  ledger: Ledger;
  faults: Faults;
  sender: WebhookSender;
  reset: () => void;
}

const endpoint = z.strictObject({ url: z.url({ protocol: /^http$/ }), secret: z.string().min(1) });

/**
 * The sandbox's own API under /_sandbox, which Stripe does not have: faults, ledger, webhook endpoint, reset.
 * Throws a ZodError or a SyntaxError for a bad body.
 */
export function handleControl(
  parts: ControlParts,
  method: string,
  path: string,
  body: string,
): { status: number; body: object } {
  const { store, ledger, faults, sender } = parts;
  switch (`${method} ${path}`) {
    case 'GET /_sandbox/health':
      return ok({
        status: 'ok',
        paymentIntents: store.intents.size,
        refunds: store.refunds.size,
        faults: faults.list().length,
      });
    case 'GET /_sandbox/ledger':
      return ok({ entries: ledger.read() });
    case 'GET /_sandbox/books':
      return ok({ orders: Object.fromEntries(orderBooks(ledger.read())) });
    case 'GET /_sandbox/faults':
      return ok({ faults: faults.list() });
    case 'POST /_sandbox/faults':
      return { status: 201, body: { id: faults.add(faultRule.parse(JSON.parse(body))) } };
    case 'DELETE /_sandbox/faults':
      faults.clear();
      return ok({ faults: [] });
    case 'GET /_sandbox/webhooks': {
      const { pending, delivered, failedAttempts, givenUp } = sender;
      return ok({ url: sender.endpoint?.url ?? null, pending, delivered, failedAttempts, givenUp });
    }
    case 'POST /_sandbox/webhooks':
      sender.endpoint = endpoint.parse(JSON.parse(body));
      return ok({ url: sender.endpoint.url });
    case 'POST /_sandbox/reset':
      parts.reset();
      return ok({ status: 'reset' });
    default:
      return { status: 404, body: { error: { message: `The sandbox has no ${method} ${path}.` } } };
  }
}

const ok = (body: object) => ({ status: 200, body });
