import { expect } from 'chai';
import { messages } from '../../../machines/index.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import type { EffectOutcome, EffectRun } from '../../../src/runtime/ports.js';
import { createDelivery } from '../../../src/services/notifications/delivery.js';
import { notifications } from '../../../src/services/notifications/record.js';
import {
  createSmtpTransport,
  keptTransport,
  type MailTransport,
} from '../../../src/services/notifications/transports.js';
import { at, id, message } from '../../machines/given.js';
import { subscriptionExamples } from '../../machines/subscriptionExamples.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';
import { ann, confirmed, paid } from './causes.js';
import { MailServer } from './mailServer.js';

const nth = (attempt: number, lookUp = false): EffectRun => ({
  attempt,
  lookUp,
  expired: () => false,
  now: () => at(1),
});

describe('the delivery of notifications', () => {
  let database: TestDatabase;
  let connection: Connection;
  let server: MailServer;
  let smtp: MailTransport;

  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => {} });
    server = await MailServer.start();
    smtp = createSmtpTransport({ url: server.url, from: 'FlowMart <orders@flowmart.example>' });
    await register();
  });
  beforeEach(async () => {
    server.mails.length = 0;
    await connection.db.deleteFrom('notifications.notifications').execute();
  });
  after(async () => {
    smtp.close();
    await server.stop();
    await connection.close();
    await database.drop();
  });

  const register = () =>
    connection.db
      .insertInto('orders.customers')
      .values({ customer_id: ann, first_name: 'Ann', last_name: 'Lee', email: 'ann@example.com', locale: 'en-US' })
      .execute();

  /** Records a cause and gives back the command to send it. */
  async function recorded(cause: Parameters<typeof notifications.handle>[1][number] = confirmed()) {
    const [handled] = await connection.db.transaction().execute((trx) => notifications.handle(trx, [cause]));
    return message('SendNotification', messages.SendNotification.schema.parse(handled?.emit?.[0]?.data));
  }

  /** One run of one command, settled as the engine settles it. */
  async function deliver(
    command: Awaited<ReturnType<typeof recorded>>,
    run = nth(1),
    mail = smtp,
  ): Promise<EffectOutcome> {
    const delivery = createDelivery({ mail });
    const [prepared] = (await connection.db
      .transaction()
      .execute((trx) => delivery.prepare?.(trx, [command]) ?? Promise.resolve([]))) as unknown[];
    const outcome = await delivery.run(command, run, prepared);
    if (outcome.kind === 'done') {
      for (const { type, data } of outcome.emit) messages[type as keyof typeof messages].schema.parse(data);
      await connection.db
        .transaction()
        .execute((trx) => delivery.finish?.(trx, [{ message: command, record: outcome.record }]) ?? Promise.resolve());
    }
    return outcome;
  }

  const stored = (command: Awaited<ReturnType<typeof recorded>>) =>
    connection.db
      .selectFrom('notifications.notifications')
      .select(['delivery_status', 'transport', 'attempts', 'last_error', 'sent_at'])
      .where('notification_id', '=', command.data.notificationId)
      .executeTakeFirstOrThrow();

  it('mails a customer, under the notification’s id', async () => {
    const command = await recorded();
    const outcome = await deliver(command);
    expect(server.mails).to.have.length(1);
    const [mail] = server.mails;
    expect([mail?.from, mail?.to]).to.deep.equal(['orders@flowmart.example', ['ann@example.com']]);
    expect(mail?.content).to.contain(`Message-ID: <${command.data.notificationId}@flowmart>`);
    expect(mail?.content).to.contain('Subject: We have your order FM-1001');
    expect(mail?.content).to.contain('Hello Ann,');
    expect(outcome)
      .to.have.nested.property('emit[0].data')
      .that.deep.includes({
        customerId: ann,
        templateId: 'order_confirmation',
        status: 'sent',
        attempts: 1,
        queuedAt: at(),
        sentAt: at(1),
      });
    expect(await stored(command)).to.deep.equal({
      delivery_status: 'sent',
      transport: 'smtp',
      attempts: 1,
      last_error: null,
      sent_at: new Date(at(1)),
    });
  });

  it('tells an invoice, and nothing else, that it has left (8.6)', async () => {
    const invoiced = message('InvoiceGenerated', { ...subscriptionExamples.InvoiceGenerated, customerId: ann });
    const outcome = await deliver(await recorded(invoiced));
    const emitted = outcome.kind === 'done' ? outcome.emit : [];
    expect(emitted.map(({ type }) => type)).to.deep.equal(['NotificationSent', 'InvoiceSent']);
    expect(emitted[1]?.data).to.deep.equal({ invoiceId: invoiced.data.invoiceId, sentAt: at(1) });

    const note = message('CreditNoteIssued', { ...subscriptionExamples.CreditNoteIssued, customerId: ann });
    expect(await deliver(await recorded(note)))
      .to.have.property('emit')
      .with.length(1);
  });

  it('does not say that an invoice has left whose mail was given up', async () => {
    const invoiced = message('InvoiceGenerated', { ...subscriptionExamples.InvoiceGenerated, customerId: ann });
    const command = await recorded(invoiced);
    server.refusals = 1;
    expect(await deliver(command, nth(3)))
      .to.have.property('emit')
      .with.length(1);
  });

  it('tries three times with pauses in between, then gives up and says so (R-80)', async () => {
    const command = await recorded(paid());
    server.refusals = 3;
    const [first, second, third] = [
      await deliver(command, nth(1)),
      await deliver(command, nth(2)),
      await deliver(command, nth(3)),
    ];
    expect([first, second]).to.deep.equal([
      { kind: 'again', afterMs: 1_000, unknown: false, reason: 'Message failed: 451 try later' },
      { kind: 'again', afterMs: 5_000, unknown: false, reason: 'Message failed: 451 try later' },
    ]);
    expect(third)
      .to.have.nested.property('emit[0].data')
      .that.includes({ status: 'failed', attempts: 3, sentAt: null });
    expect(await stored(command)).to.include({
      delivery_status: 'dead',
      attempts: 3,
      last_error: 'Message failed: 451 try later',
      sent_at: null,
    });
    expect(server.mails).to.have.length(0);
  });

  it('mails again under the same Message-ID when nobody knows whether an earlier run did', async () => {
    const command = await recorded();
    await deliver(command, nth(1));
    await deliver(command, nth(2, true));
    const ids = server.mails.map((mail) => /Message-ID: (\S+)/.exec(mail.content)?.[1]);
    expect(ids).to.deep.equal([
      `<${command.data.notificationId}@flowmart>`,
      `<${command.data.notificationId}@flowmart>`,
    ]);
  });

  it('does not begin a mail when its claim has run out', async () => {
    const outcome = await deliver(await recorded(), { ...nth(1), expired: () => true });
    expect(outcome).to.include({ kind: 'again', unknown: false });
    expect(server.mails).to.have.length(0);
  });

  it('says that no server answers, and tries again', async () => {
    const nobody = createSmtpTransport({ url: 'smtp://127.0.0.1:1', from: 'a@example.com' });
    const outcome = await deliver(await recorded(), nth(1), nobody);
    nobody.close();
    expect(outcome).to.include({ kind: 'again', afterMs: 1_000 });
    expect((outcome as { reason: string }).reason).to.match(/ECONNREFUSED/);
  });

  it('leaves mail where it is stored when no mail server is configured', async () => {
    const command = await recorded();
    await deliver(command, nth(1), keptTransport);
    expect(server.mails).to.have.length(0);
    expect(await stored(command)).to.include({ delivery_status: 'sent', transport: 'kept' });
  });

  it('leaves to be read in the app what was to go to a customer who is gone', async () => {
    const command = await recorded();
    await connection.db.deleteFrom('orders.customers').execute();
    const outcome = await deliver(command).finally(register);
    expect(outcome).to.have.nested.property('emit[0].data').that.includes({ status: 'sent', customerId: ann });
    expect(server.mails).to.have.length(0);
    expect(await stored(command)).to.include({ delivery_status: 'sent', transport: 'in-app' });
  });

  it('says nothing of a notification that is not stored', async () => {
    const outcome = await deliver(
      message('SendNotification', { notificationId: id('nothing'), channel: 'EMAIL', priority: 'LOW' }),
    );
    expect(outcome).to.deep.equal({ kind: 'done', emit: [] });
  });
});
