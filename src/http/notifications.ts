import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Database } from '../db/tables.js';
import { readCustomers } from '../services/customers/queries.js';
import { findNotification, listNotifications } from '../services/notifications/queries.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { instantSchema, uuidSchema } from './schemas.js';

const summary = {
  notificationId: uuidSchema,
  title: z.string(),
  message: z.string(),
  status: z.enum(['unread', 'read']),
  createdAt: instantSchema,
};

const listSchema = z
  .strictObject({ userId: uuidSchema, notifications: z.array(z.strictObject(summary)) })
  .meta({ id: 'UserNotifications' });

const notificationSchema = z
  .strictObject({
    ...summary,
    userId: uuidSchema.nullable().meta({ description: 'Null for a guest, and for operations.' }),
    type: z.string(),
    channel: z.string(),
    priority: z.string(),
    delivery: z.strictObject({
      status: z.enum(['queued', 'sent', 'failed', 'dead']),
      transport: z.string().nullable(),
      attempts: z.int(),
      sentAt: instantSchema.nullable(),
    }),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Notification' });

/** `/v1/users/…/notifications` and `/v1/notifications`. */
export const notificationRoutes = ({ db }: { readonly db: Kysely<Database> }): Route[] => [
  route(
    {
      method: 'get',
      path: '/v1/users/{userId}/notifications',
      operationId: 'listUserNotifications',
      tag: 'Notifications',
      scope: 'notifications:read',
      summary: 'List what a customer was told, newest first',
      params: z.strictObject({ userId: uuidSchema }),
      query: z.strictObject({
        status: z.enum(['unread', 'all']).default('all'),
        limit: z.coerce.number().int().min(1).max(100).default(20),
        offset: z.coerce.number().int().min(0).max(100_000).default(0),
      }),
      responses: { 200: { description: 'The notifications.', schema: listSchema } },
      problems: ['NOT_FOUND'],
    },
    async ({ params: { userId }, query: { status, limit, offset } }) => {
      const [notifications, users] = await Promise.all([
        listNotifications(db, userId, { unreadOnly: status === 'unread', limit, offset }),
        readCustomers(db, [userId]),
      ]);
      if (!users.has(userId)) throw problem('NOT_FOUND', 'There is no such customer.');
      return { status: 200, body: { userId, notifications } };
    },
  ),
  route(
    {
      method: 'get',
      path: '/v1/notifications/{notificationId}',
      operationId: 'getNotification',
      tag: 'Notifications',
      scope: 'notifications:read',
      summary: 'Read a notification, and how its delivery went',
      params: z.strictObject({ notificationId: uuidSchema }),
      responses: { 200: { description: 'The notification.', schema: notificationSchema } },
      problems: ['NOT_FOUND'],
    },
    async ({ params }) => {
      const notification = await findNotification(db, params.notificationId);
      if (!notification) throw problem('NOT_FOUND', 'There is no such notification.');
      return { status: 200, body: notification };
    },
  ),
];
