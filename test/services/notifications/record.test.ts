import { expect } from 'chai';
import { messages } from '../../../machines/index.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import { findNotification, listNotifications } from '../../../src/services/notifications/queries.js';
import { notifications } from '../../../src/services/notifications/record.js';
import { id, message } from '../../machines/given.js';
import { subscriptionExamples } from '../../machines/subscriptionExamples.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';
import { ann, confirmed, delivered, dispatched, labelled, orderId, paid, soldOut, unpaid } from './causes.js';

describe('the notifications', () => {
  let database: TestDatabase;
  let connection: Connection;

  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => {} });
    await connection.db
      .insertInto('orders.customers')
      .values({ customer_id: ann, first_name: 'Ann', last_name: 'Lee', email: 'ann@example.com', locale: 'en-GB' })
      .execute();
  });
  beforeEach(() => connection.db.deleteFrom('notifications.notifications').execute());
  after(async () => {
    await connection.close();
    await database.drop();
  });

  const tell = (...all: Parameters<typeof notifications.handle>[1]) =>
    connection.db.transaction().execute((trx) => notifications.handle(trx, all));
  const rows = () => connection.db.selectFrom('notifications.notifications').selectAll().execute();

  it('are stored with the command to send them, by mail to a customer', async () => {
    const cause = confirmed();
    const [handled] = await tell(cause);
    const [row] = await rows();
    expect(handled?.emit).to.deep.equal([
      {
        type: 'SendNotification',
        data: { notificationId: row?.notification_id, channel: 'EMAIL', priority: 'NORMAL' },
      },
    ]);
    expect(row).to.include({
      user_id: ann,
      recipient: `customer/${ann}`,
      channel: 'EMAIL',
      template_id: 'order_confirmation',
      read_status: 'unread',
      delivery_status: 'queued',
      source_event_id: cause.id,
      source_type: 'OrderConfirmed',
      correlation_id: cause.correlationId,
      attempts: 0,
    });
    expect(row?.queued_at.toISOString()).to.equal(cause.at);
    expect(row?.message).to.match(/^Hello Ann,/);
    expect(row?.message).to.contain('US$30.97');
    expect(JSON.stringify(row?.data)).not.to.contain('Ann');
  });

  it('of a guest are filed under the order, and of operations under operations', async () => {
    await tell(confirmed({ customerId: null, userId: null }), soldOut());
    expect((await rows()).map((row) => [row.recipient, row.channel, row.user_id]).sort()).to.deep.equal([
      ['operations', 'IN_APP', null],
      [`order/${orderId}`, 'IN_APP', null],
    ]);
  });

  it('that are read in the app have arrived with their row, and nobody is sent', async () => {
    const cause = confirmed({ customerId: null, userId: null });
    const [handled] = await tell(cause);
    const [row] = await rows();
    expect(row).to.deep.include({
      delivery_status: 'sent',
      transport: 'in-app',
      attempts: 1,
      last_error: null,
      queued_at: new Date(cause.at),
      scheduled_at: new Date(cause.at),
      sent_at: new Date(cause.at),
    });
    expect(handled?.emit?.map(({ type }) => type)).to.deep.equal(['NotificationSent']);
    expect(messages.NotificationSent.schema.parse(handled?.emit?.[0]?.data)).to.deep.include({
      notificationId: row?.notification_id,
      customerId: null,
      channel: 'IN_APP',
      sourceEventId: cause.id,
      status: 'sent',
      queuedAt: cause.at,
      sentAt: cause.at,
    });
  });

  it('tell an invoice that it has left when its customer reads it in the app (8.6)', async () => {
    const invoiced = message('InvoiceGenerated', {
      ...subscriptionExamples.InvoiceGenerated,
      customerId: id('nobody'),
    });
    const [handled] = await tell(invoiced);
    expect(handled?.emit?.map(({ type }) => type)).to.deep.equal(['NotificationSent', 'InvoiceSent']);
    expect(handled?.emit?.[1]?.data).to.deep.equal({ invoiceId: invoiced.data.invoiceId, sentAt: invoiced.at });
  });

  it('answer every payment that its receipt is stored, a guest’s too (P-16)', async () => {
    const handled = await tell(paid(), paid({ customerId: null, userId: null }));
    expect(handled.map(({ emit }) => emit?.[0]?.type)).to.deep.equal(['SendNotification', 'NotificationSent']);
    for (const { emit = [] } of handled) {
      const [told, receipt] = emit;
      const { notificationId } = (told?.data ?? {}) as { notificationId?: string };
      expect(receipt).to.deep.equal({ type: 'ReceiptQueued', data: { paymentId: id('payment'), notificationId } });
    }
    expect(await rows()).to.have.length(2);
  });

  it('are stored once for one cause, channel and recipient, however often it is told', async () => {
    const cause = paid();
    const first = await tell(cause);
    expect(await tell(cause)).to.deep.equal(first);
    expect(await rows()).to.have.length(1);
  });

  it('are listed for their customer, the newest first, and told in full', async () => {
    const causes = [confirmed(), paid(), labelled(), dispatched(), delivered()].map((cause, minute) => ({
      ...cause,
      at: new Date(Date.parse(cause.at) + minute * 60_000).toISOString(),
    }));
    await tell(...causes, unpaid({ customerId: null }));
    await connection.db
      .updateTable('notifications.notifications')
      .set({ read_status: 'read' })
      .where('template_id', '=', 'shipment_delivered')
      .execute();

    const page = await listNotifications(connection.db, ann, { unreadOnly: false, limit: 3, offset: 0 });
    expect(page.map((one) => one.title)).to.deep.equal([
      'Your parcel has arrived',
      'Your parcel is on its way',
      'Your parcel with UPS: 1Z999',
    ]);
    expect(page[0]).to.have.all.keys('notificationId', 'title', 'message', 'status', 'createdAt');
    expect(page.map((one) => one.status)).to.deep.equal(['read', 'unread', 'unread']);
    const unread = await listNotifications(connection.db, ann, { unreadOnly: true, limit: 9, offset: 1 });
    expect(unread.map((one) => one.title)).to.deep.equal([
      'Your parcel with UPS: 1Z999',
      'Your receipt: US$30.97',
      'We have your order FM-1001',
    ]);

    const details = await findNotification(connection.db, page[2]?.notificationId ?? '');
    expect(details).to.deep.include({
      userId: ann,
      type: 'shipment_tracking',
      channel: 'EMAIL',
      metadata: { orderId, shipmentId: id('parcel'), shippingProvider: 'UPS' },
      delivery: { status: 'queued', transport: null, attempts: 0, sentAt: null },
    });
    expect(await findNotification(connection.db, id('nothing'))).to.equal(null);
  });
});
