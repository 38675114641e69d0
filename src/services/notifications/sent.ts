import type { MessageData } from '../../../machines/index.js';
import type { Outgoing } from '../../../machines/shared/message.js';
import type { Notice } from './notice.js';

/** A notification that is stored, as far as others hear of it. */
export interface Stored extends Pick<Notice, 'customerId' | 'templateId' | 'priority' | 'data'> {
  readonly id: string;
  readonly channel: MessageData<'SendNotification'>['channel'];
  readonly sourceEventId: string;
  readonly queuedAt: string;
}

/** What is told of a notification that left, or was given up (`sentAt` is null then); an invoice waits to hear that its own has left (8.6). */
export function tellSent(
  stored: Stored,
  { attempts, sentAt }: { attempts: number; sentAt: string | null },
): Outgoing[] {
  const { id, customerId, channel, templateId, priority, sourceEventId, queuedAt, data } = stored;
  const sent = {
    notificationId: id,
    customerId,
    channel,
    templateId,
    priority,
    sourceEventId,
    queuedAt,
    attempts,
    sentAt,
  };
  const { invoiceId } = data;
  return [
    { type: 'NotificationSent', data: { status: sentAt === null ? 'failed' : 'sent', ...sent } },
    ...(templateId === 'invoice' && invoiceId !== undefined && sentAt !== null
      ? [{ type: 'InvoiceSent', data: { invoiceId, sentAt } }]
      : []),
  ];
}
