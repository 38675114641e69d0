import type { Notice, Reader } from './notice.js';

const greet = ({ firstName }: Reader): string => (firstName ? `Hello ${firstName},` : 'Hello,');

/** Whom a notice is for, and the ids of what it is about. */
interface About {
  readonly customerId: string | null;
  readonly orderId?: string | null;
  readonly subscriptionId?: string | null | undefined;
  readonly invoiceId?: string | null;
  readonly data?: Readonly<Record<string, string>>;
}

/** A customer's notice. */
export function toCustomer(
  templateId: string,
  { customerId, orderId = null, subscriptionId, invoiceId, data }: About,
  reader: Reader,
  title: string,
  sentences: readonly string[],
  priority: Notice['priority'] = 'NORMAL',
): Notice {
  return {
    templateId,
    priority,
    audience: 'customer',
    customerId,
    orderId,
    data: {
      ...(orderId ? { orderId } : {}),
      ...(subscriptionId ? { subscriptionId } : {}),
      ...(invoiceId ? { invoiceId } : {}),
      ...data,
    },
    title,
    body: [greet(reader), '', ...sentences].join('\n'),
  };
}

/** A note to our own people. */
export function toOperations(
  templateId: string,
  data: Readonly<Record<string, string>>,
  title: string,
  body: string,
  priority: Notice['priority'] = 'NORMAL',
): Notice {
  return { templateId, priority, audience: 'operations', customerId: null, orderId: null, data, title, body };
}
