import type { Kysely, Selectable } from 'kysely';
import type { NotificationsTable } from '../../db/tables/notifications.js';
import type { Database } from '../../db/tables.js';

/** A notification as lists show it (GetUserNotifications). */
export interface NotificationSummary {
  readonly notificationId: string;
  readonly title: string;
  readonly message: string;
  readonly status: 'unread' | 'read';
  readonly createdAt: string;
}

/** A notification in full (GetNotificationDetails). */
export interface NotificationDetails extends NotificationSummary {
  readonly userId: string | null;
  readonly type: string;
  readonly channel: string;
  readonly priority: string;
  readonly delivery: {
    readonly status: string;
    readonly transport: string | null;
    readonly attempts: number;
    readonly sentAt: string | null;
  };
  readonly metadata: Readonly<Record<string, string>>;
}

const summaryOf = (row: Selectable<NotificationsTable>): NotificationSummary => ({
  notificationId: row.notification_id,
  title: row.title,
  message: row.message,
  status: row.read_status,
  createdAt: row.queued_at.toISOString(),
});

/** A customer's notifications, the newest first. */
export async function listNotifications(
  db: Kysely<Database>,
  userId: string,
  page: { readonly unreadOnly: boolean; readonly limit: number; readonly offset: number },
): Promise<NotificationSummary[]> {
  let query = db
    .selectFrom('notifications.notifications')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('queued_at', 'desc')
    .orderBy('notification_id', 'desc')
    .limit(page.limit)
    .offset(page.offset);
  if (page.unreadOnly) query = query.where('read_status', '=', 'unread');
  return (await query.execute()).map(summaryOf);
}

/** One notification; null when there is none. */
export async function findNotification(
  db: Kysely<Database>,
  notificationId: string,
): Promise<NotificationDetails | null> {
  const row = await db
    .selectFrom('notifications.notifications')
    .selectAll()
    .where('notification_id', '=', notificationId)
    .executeTakeFirst();
  if (!row) return null;
  return {
    ...summaryOf(row),
    userId: row.user_id,
    type: row.template_id,
    channel: row.channel,
    priority: row.priority,
    delivery: {
      status: row.delivery_status,
      transport: row.transport,
      attempts: row.attempts,
      sentAt: row.sent_at?.toISOString() ?? null,
    },
    metadata: row.data,
  };
}
