import type { Notice, Reader } from './notice.js';

const greet = ({ firstName }: Reader): string => (firstName ? `Hello ${firstName},` : 'Hello,');

/** A customer's notice; about an order, or whatever the ids in `data` say. */
export function toCustomer(
  templateId: string,
  about: { customerId: string | null; orderId: string | null; data?: Readonly<Record<string, string>> },
  reader: Reader,
  title: string,
  sentences: readonly string[],
  priority: Notice['priority'] = 'NORMAL',
): Notice {
  return {
    templateId,
    priority,
    audience: 'customer',
    customerId: about.customerId,
    orderId: about.orderId,
    data: { ...(about.orderId ? { orderId: about.orderId } : {}), ...about.data },
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

interface Subscribed {
  readonly subscriptionId: string | null;
  readonly customerId: string;
  readonly invoiceId?: string | null;
  readonly orderId?: string | null;
}

/** A customer's notice about a subscription, with the ids of what it is about. */
export const toSubscriber = (
  templateId: string,
  { subscriptionId, customerId, invoiceId, orderId = null }: Subscribed,
  reader: Reader,
  title: string,
  sentences: readonly string[],
  priority: Notice['priority'] = 'NORMAL',
): Notice =>
  toCustomer(
    templateId,
    {
      customerId,
      orderId,
      data: { ...(subscriptionId ? { subscriptionId } : {}), ...(invoiceId ? { invoiceId } : {}) },
    },
    reader,
    title,
    sentences,
    priority,
  );
