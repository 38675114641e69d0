import { expect } from 'chai';
import { sql } from 'kysely';
import { invoiceMachine } from '../../machines/invoice/invoice.machine.js';
import { subscriptionMachine } from '../../machines/subscription/subscription.machine.js';
import { type SubscriptionState, viewSubscription } from '../../machines/subscription/subscription.view.js';
import { type Connection, connect } from '../../src/db/connect.js';
import '../../src/db/tables.all.js';
import { given, id, message } from '../machines/given.js';
import { subscriptionExamples } from '../machines/subscriptionExamples.js';
import {
  cancelling,
  coffee,
  current,
  customerId,
  pro,
  START,
  Story,
  subscribe,
  subscriptionId,
} from '../machines/subscriptionStory.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';
import { storeActor } from './storeActor.js';

describe('the subscriptions and billing schemas', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 2, name: 'test', onError: () => undefined });
    const { planId, name, price, billingCycle, intervalCount, taxRegion } = pro;
    await connection.db
      .insertInto('subscriptions.plans')
      .values({
        plan_id: planId,
        name,
        price_minor: price.amount,
        currency: price.currency,
        billing_cycle: billingCycle,
        interval_count: intervalCount,
        trial_days: 0,
        tax_region: taxRegion,
      })
      .execute();
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  const store = (key: string, story: Story, state: string = story.state) =>
    storeActor(connection.db, 'subscriptions.subscriptions', id(key), { state, context: story.context });
  const row = (key: string) =>
    connection.db
      .selectFrom('subscriptions.subscriptions')
      .select(['customer_id', 'kind', 'plan_id', 'status', 'period_start', 'period_end', 'started_at', 'ends_at'])
      .where('id', '=', id(key))
      .executeTakeFirst();

  it('show what people query of a subscription', async () => {
    await store('to a plan', current());
    expect(await row('to a plan')).to.deep.equal({
      customer_id: customerId,
      kind: 'plan',
      plan_id: pro.planId,
      status: 'ACTIVE',
      period_start: START,
      period_end: '2026-02-28T10:00:00.000Z',
      started_at: START,
      ends_at: null,
    });
    await store('to a delivery', Story.begin(subscribe({ terms: coffee })));
    expect(await row('to a delivery')).to.deep.include({ kind: 'delivery', plan_id: null, period_end: null });
  });

  it('say when a subscription ends: as it was asked, or with the time that was paid last', async () => {
    const leaving = current().tell('CancelSubscription', cancelling({ offerDecision: 'decline' }));
    const { cancellationId } = leaving.one('ConfirmCancellation');
    const end = { ends_at: '2026-02-28T10:00:00.000Z' };
    await store('leaving', leaving.tell('CancellationConfirmed', { subscriptionId, cancellationId }));
    expect(await row('leaving')).to.include(end);
    await store('run out', current(), 'expired');
    expect(await row('run out')).to.include(end);
  });

  it('give every state the status that the views give it (8.3)', async () => {
    const story = current();
    const inner = Object.keys(subscriptionMachine.states.active?.states ?? {}).map((name) => `active.${name}`);
    const outer = Object.keys(subscriptionMachine.states).filter((name) => name !== 'active' && name !== 'requested');
    for (const state of [...outer, ...inner] as SubscriptionState[]) {
      await store('in every state', story, state);
      expect((await row('in every state'))?.status, state).to.equal(viewSubscription(state, story.context).database);
    }
    const failure = await store('in every state', story, 'bewildered').catch((error: Error) => error.message);
    expect(failure).to.match(/null value in column "status"/);
  });

  it('know the plan of a subscription', async () => {
    const stray = Story.begin(subscribe({ terms: { kind: 'plan', plan: { ...pro, planId: id('unknown') } } }));
    const failure = await store('stray', stray).catch((error: Error) => error.message);
    expect(failure).to.match(/subscriptions_plan/);
  });

  const invoice = () => {
    const { invoiceId, series } = subscriptionExamples.InvoiceNumberAllocated;
    const allocated = { invoiceId, documentId: invoiceId, series, number: 'INV-2026-00042', taxBasisPoints: 820 };
    return given(invoiceMachine, message('GenerateInvoice', subscriptionExamples.GenerateInvoice)).when(
      message('InvoiceNumberAllocated', allocated),
    );
  };
  const storeInvoice = (key: string, change: object = {}) => {
    const { state, context } = invoice();
    return storeActor(connection.db, 'billing.invoices', id(key), { state, context: { ...context, ...change } });
  };

  it('show what people query of an invoice', async () => {
    await storeInvoice('invoice');
    const { rows } = await sql`
      select invoice_number, subscription_id, currency, total_minor, refunded_minor, due_at, paid_at
      from billing.invoices where id = ${id('invoice')}`.execute(connection.db);
    expect(rows).to.deep.equal([
      {
        invoice_number: 'INV-2026-00042',
        subscription_id: id('subscription'),
        currency: 'USD',
        total_minor: '3245',
        refunded_minor: '0',
        due_at: subscriptionExamples.GenerateInvoice.dueDate,
        paid_at: null,
      },
    ]);
  });

  it('give a number to one invoice only, and give back no more than was asked for', async () => {
    const failureOf = (work: Promise<unknown>) => work.then(() => 'no error').catch((error: Error) => error.message);
    expect(await failureOf(storeInvoice('another invoice'))).to.match(/invoices_number/);
    const generous = { number: 'INV-2026-00043', refunded: 9_999 };
    expect(await failureOf(storeInvoice('generous invoice', generous))).to.match(/invoices_amounts/);
    // Those that wait for their number do not mind each other.
    expect(await failureOf(storeInvoice('one draft', { number: null }))).to.equal('no error');
    expect(await failureOf(storeInvoice('another draft', { number: null }))).to.equal('no error');
  });
});
