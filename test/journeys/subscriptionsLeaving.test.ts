import { expect } from 'chai';
import { sql } from 'kysely';
import { newId } from '../../src/http/ids.js';
import { agreeAtStripe, agreementsAtStripe } from '../support/agreements.js';
import type { Shop } from './shop.js';
import {
  amountsOf,
  type Cancellation,
  expectStands,
  openShopWithClocks,
  Subscriber,
  type Subscription,
} from './subscriber.js';

const monthEnd = '2026-02-28T10:00:00.000Z';

describe('leaving a subscription', function () {
  this.timeout(120_000);
  let shop: Shop;
  before(async () => {
    shop = await openShopWithClocks();
  });
  after(() => shop?.close());
  afterEach(() => shop.sandbox.clearFaults());

  const decline = (subscriber: Subscriber) =>
    shop.do<Cancellation>('POST', subscriber.path('offer/decline'), undefined, { prefer: 'wait=20' });

  it('brings an offer, whose discount is on the next three invoices (S-17, S-18, R-58)', async () => {
    const subscriber = await Subscriber.join(shop);
    const { outcome, offer, effectiveAt } = await subscriber.cancel();
    expect([outcome, effectiveAt]).to.deep.equal(['offer', null]);
    expect(offer).to.deep.include({ discount: { percent: 25, times: 3 }, pauseDays: 30, support: true });
    expect(offer?.expiresAt).to.equal('2026-02-07T10:00:00.000Z');
    await expectStands(subscriber, 'active.offerPending', 'full');

    const stays = await subscriber.ask('offer/accept', { choice: 'discount' });
    expect(stays).to.deep.include({ state: 'active.current', offer: null, cancellation: null });
    await subscriber.advance({ to: '2026-05-31T10:00:00.000Z' });
    const bills = (await subscriber.invoices()).map((invoice) => amountsOf(invoice).map(([, amount]) => amount));
    expect(bills).to.deep.equal([[2999], [2999, -749], [2999, -749], [2999, -749], [2999]]);
    expect(await subscriber.published()).not.to.include('UserSubscriptionCancelled');
    expect(await subscriber.told()).to.include.members(['retention_offer', 'offer_accepted']);
  });

  it('is offered something once only (S-17)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.cancel();
    await subscriber.ask('offer/accept', { choice: 'support' });
    expect(await subscriber.cancel()).to.include({ outcome: 'scheduled' });
  });

  it('may end in a pause instead (S-18)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.cancel({ reason: 'not_used' });
    const paused = await subscriber.ask('offer/accept', { choice: 'pause' });
    expect(paused).to.include({ state: 'paused', access: 'none' });
    expect(paused.pause?.until).to.equal('2026-03-02T10:00:00.000Z');
  });

  it('nevertheless ends it with the paid period, and access until then (S-19, S-20, S-24, R-59)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.cancel();
    const { outcome, effectiveAt, subscription } = await decline(subscriber);
    expect([outcome, effectiveAt]).to.deep.equal(['scheduled', monthEnd]);
    expect(subscription).to.include({ state: 'cancelScheduled', access: 'full', cancelAtPeriodEnd: true });
    expect(await subscriber.published()).to.include('UserSubscriptionCancelled');

    await subscriber.advance({ to: '2026-02-28T09:59:59.000Z' });
    await expectStands(subscriber, 'cancelScheduled', 'full');
    await subscriber.advance({ to: monthEnd });
    await expectStands(subscriber, 'cancelled', 'none');
    expect(subscriber.taken().charges).to.equal(1);
    expect(await subscriber.told()).to.include.members(['subscription_cancelled', 'reactivation_offer']);
  });

  it('is what silence means, after seven days (S-19)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.cancel();
    await subscriber.advance({ by: 'P7D' });
    await expectStands(subscriber, 'cancelScheduled', 'full');
  });

  it('happens at once when that is wanted, without an offer for who has seen one (S-21)', async () => {
    const subscriber = await Subscriber.join(shop);
    const { outcome, subscription } = await subscriber.cancel({ mode: 'immediate', offerDecision: 'decline' });
    expect(outcome).to.equal('cancelled');
    expect(subscription).to.include({ state: 'cancelled', access: 'none' });
    expect((await subscriber.ask('renew', {})).state).to.equal('active.current');
  });

  it('can be taken back until it takes effect (S-25)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.cancel({ offerDecision: 'decline' });
    const back = await subscriber.ask('reactivate');
    expect(back).to.deep.include({ state: 'active.current', cancellation: null, nextBillingDate: monthEnd });
    await subscriber.advance({ to: monthEnd });
    await expectStands(subscriber, 'active.current', 'full');
    expect(subscriber.taken().charges).to.equal(2);
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', subscriber.path('reactivate'));
  });

  it('taken back twice at once has the provider’s agreement resumed once, and can be asked for again (S-25)', async () => {
    const subscriber = await Subscriber.join(shop);
    await agreeAtStripe(shop.sandbox, subscriber.id);
    await subscriber.cancel({ offerDecision: 'decline' });
    const asks = [1, 2].map(() => shop.request('POST', subscriber.path('reactivate')));
    const statuses = (await Promise.all(asks)).map(({ status }) => status);
    expect(statuses.sort()).to.deep.equal([200, 409]);
    await shop.quiet();
    expect(agreementsAtStripe(shop.sandbox, subscriber.id)).to.deep.equal(['active', 'active, ending', 'active']);
    expect((await subscriber.cancel({ offerDecision: 'decline' })).outcome).to.equal('scheduled');
    expect(agreementsAtStripe(shop.sandbox, subscriber.id).at(-1)).to.equal('active, ending');
  });

  it('asked for again while the provider has not resumed yet, ends there nevertheless (S-20, S-25)', async () => {
    const subscriber = await Subscriber.join(shop);
    await agreeAtStripe(shop.sandbox, subscriber.id);
    await subscriber.cancel({ offerDecision: 'decline' });
    shop.sandbox.addFault({ match: { path: '/v1/subscriptions/search', times: 1 }, fault: 'error_500' });
    await shop.do('POST', subscriber.path('reactivate'));
    expect((await subscriber.cancel({ offerDecision: 'decline' })).outcome).to.equal('scheduled');
    const left = ['active', 'active, ending', 'active', 'active, ending'];
    expect(agreementsAtStripe(shop.sandbox, subscriber.id)).to.deep.equal(left);
  });

  it('is taken back although the provider does not resume its agreement, and our people are told (S-25)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.cancel({ offerDecision: 'decline' });
    shop.sandbox.addFault({ match: { path: '/v1/subscriptions/search' }, fault: 'error_500' });
    expect(await subscriber.ask('reactivate')).to.include({ state: 'active.current', access: 'full' });
    await shop.quiet();
    shop.sandbox.clearFaults();
    const { rows } = await sql`
      select from notifications.notifications
      where template_id = 'agreement_review' and data ->> 'subscriptionId' = ${subscriber.id}`.execute(shop.db);
    expect(rows).to.have.length(1);
    await subscriber.advance({ to: monthEnd });
    await expectStands(subscriber, 'active.current', 'full');
  });

  it('fails as a whole when the provider does not confirm it (S-22)', async () => {
    const subscriber = await Subscriber.join(shop);
    shop.sandbox.addFault({ match: { path: '/v1/subscriptions/search' }, fault: 'error_500' });
    const body = { reason: 'other', offerDecision: 'decline' };
    const headers = { prefer: 'wait=30' };
    const refused = await shop.refused(502, 'PROVIDER_ERROR', 'POST', subscriber.path('cancel'), body, headers);
    expect(refused).to.include({ currentState: 'active.current' });
    shop.sandbox.clearFaults();
    await shop.quiet();
    expect(await subscriber.told()).to.include('cancellation_rejected');
    expect((await subscriber.cancel({ offerDecision: 'decline' })).outcome).to.equal('scheduled');
  });

  it('is refused while the account is locked, and our people are told (S-23)', async () => {
    const subscriber = await Subscriber.join(shop);
    const lock = (isLocked: boolean) => shop.do('PUT', `/v1/customers/${subscriber.customerId}/lock`, { isLocked });
    await lock(true);
    const body = { reason: 'other' };
    const refused = await shop.refused(409, 'ACCOUNT_LOCKED', 'POST', subscriber.path('cancel'), body);
    expect(refused).to.include({ currentState: 'active.current' });
    await shop.quiet();
    expect(await subscriber.told()).to.include('cancellation_rejected');
    await expectStands(subscriber, 'active.current', 'full');
    await lock(false);
    expect((await subscriber.cancel()).outcome).to.equal('offer');
  });

  it('in the middle of arrears stops the retries, and costs nothing any more', async () => {
    const subscriber = await Subscriber.join(shop);
    subscriber.refuse(100);
    await subscriber.advance({ to: monthEnd });
    await expectStands(subscriber, 'pastDue', 'full');
    expect((await subscriber.cancel({ offerDecision: 'decline' })).outcome).to.equal('cancelled');
    await subscriber.advance({ by: 'P30D' });
    expect(subscriber.taken()).to.include({ charges: 1, declines: 1 });
    expect((await subscriber.newestInvoice()).state).to.equal('cancelled');
  });

  it('asked for in two tabs at once keeps its offer, and both see it', async () => {
    const subscriber = await Subscriber.join(shop);
    const answers = await Promise.all([subscriber.cancel(), subscriber.cancel(), subscriber.cancel()]);
    for (const { outcome, offer } of answers) {
      expect(outcome).to.equal('offer');
      expect(offer).to.deep.equal(answers[0]?.offer);
    }
    expect((await subscriber.told()).filter((template) => template === 'retention_offer').length).to.be.at.most(1);
    await expectStands(subscriber, 'active.offerPending', 'full');
  });

  it('declined and accepted at once is one of the two', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.cancel();
    const [declined, accepted] = await Promise.all([
      shop.request<Cancellation>('POST', subscriber.path('offer/decline')),
      shop.request<Subscription>('POST', subscriber.path('offer/accept'), { choice: 'discount' }),
    ]);
    expect([declined.status, accepted.status].sort()).to.deep.equal([200, 409]);
    const [state] = await subscriber.stands();
    expect(state).to.equal(declined.status === 200 ? 'cancelScheduled' : 'active.current');
  });

  it('gets the first answer again under the same key', async () => {
    const subscriber = await Subscriber.join(shop);
    const key = { 'idempotency-key': newId() };
    const body = { reason: 'other', offerDecision: 'decline' };
    const ask = () => shop.request<Cancellation>('POST', subscriber.path('cancel'), body, key);
    const first = await ask();
    const again = await ask();
    expect([first.status, again.status]).to.deep.equal([200, 200]);
    expect(again.headers.get('idempotency-replayed')).to.equal('true');
    expect(again.body).to.deep.equal(first.body);
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', subscriber.path('cancel'), body);
  });
});
