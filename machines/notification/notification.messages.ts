import { z } from 'zod';
import { command, privateEvent } from '../shared/message.js';
import { instant, uuid } from '../shared/values.js';

/** Messages of the Notification service (domain.md 2.3). */
export const notificationMessages = {
  SendNotification: command(
    '1.0.0',
    'Deliver one stored notification through its channel; its text stays in the database (invariant 10).',
    z.strictObject({
      notificationId: uuid,
      channel: z.enum(['EMAIL', 'SMS', 'PUSH', 'IN_APP']),
      priority: z.enum(['HIGH', 'NORMAL', 'LOW']),
    }),
  ),
  ReceiptQueued: privateEvent(
    '1.0.0',
    'A payment’s receipt is stored and on its way (half of P-16).',
    z.strictObject({ paymentId: uuid, notificationId: uuid }),
  ),
  NotificationSent: privateEvent(
    '1.0.0',
    'A notification left, or was given up.',
    z.strictObject({
      notificationId: uuid,
      customerId: uuid.nullable(),
      channel: z.string(),
      templateId: z.string(),
      priority: z.string(),
      sourceEventId: uuid,
      status: z.enum(['sent', 'failed']),
      attempts: z.int(),
      queuedAt: instant,
      sentAt: instant.nullable(),
    }),
  ),
};
