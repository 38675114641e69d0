import type { ColumnType, Generated } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** One message to one person (or to operations) through one channel. */
export interface NotificationsTable {
  notification_id: string;
  /** The customer; null for guests and for operations. */
  user_id: string | null;
  /** `customer/<id>`, `order/<id>` for a guest's, or `operations`. */
  recipient: string;
  channel: 'EMAIL' | 'SMS' | 'PUSH' | 'IN_APP';
  template_id: string;
  priority: 'HIGH' | 'NORMAL' | 'LOW';
  title: string;
  message: string;
  /** Ids that the text speaks of: orderId, shippingProvider and the like; never personal data. */
  data: Json<Readonly<Record<string, string>>>;
  read_status: ColumnType<'unread' | 'read', 'unread' | 'read' | undefined, 'unread' | 'read'>;
  delivery_status: ColumnType<
    'queued' | 'sent' | 'failed' | 'dead',
    'queued' | 'sent' | 'failed' | 'dead' | undefined,
    'queued' | 'sent' | 'failed' | 'dead'
  >;
  /** How it left: `smtp`, `kept` (no mail server is configured) or `in-app`. */
  transport: string | null;
  provider_message_id: string | null;
  attempts: Generated<number>;
  last_error: string | null;
  source_event_id: string;
  source_type: string;
  correlation_id: string;
  created_at: Generated<Date>;
  scheduled_at: Instant;
  queued_at: Instant;
  sent_at: Instant | null;
}

declare module '../tables.js' {
  interface Database {
    'notifications.notifications': NotificationsTable;
  }
}
