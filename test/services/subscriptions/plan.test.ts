import { expect } from 'chai';
import { sql } from 'kysely';
import { itKeepsItsBooks } from './books.js';
import { card } from './catalogue.js';
import { Desk } from './desk.js';

for (const times of ['once', 'twice'] as const)
  describe(`a subscription to a plan, with every message delivered ${times}`, function () {
    this.timeout(60_000);
    let desk: Desk;
    before(async () => {
      desk = await Desk.open();
      if (times === 'twice') await desk.deliverTwice();
    });
    after(() => desk?.close());

    describe('that is paid at once (S-01, S-03)', () => {
      let id: string;
      before(async () => {
        id = await desk.subscribe();
        await desk.in(id, 'active.current');
        await desk.quiet();
      });

      it('has one invoice with a number, the plan’s price, and the tax of its region (R-57)', async () => {
        const [invoice, ...others] = await desk.invoices(id);
        expect(others).to.deep.equal([]);
        expect(invoice?.state).to.equal('paid');
        expect(invoice?.context).to.include({ subtotal: 2_999, tax: 240, total: 3_239, taxBasisPoints: 800 });
        expect(invoice?.context.number).to.match(/^INV-\d{4}-\d{5}$/);
      });

      it('is charged once, by a payment of its own that is complete without stock', async () => {
        expect(await desk.payments(id)).to.deep.equal(['completed 3239']);
        expect(desk.taken(id)).to.deep.equal({ charges: 1, net: 3_239 });
      });

      it('tells everybody, each once', async () => {
        expect(await desk.published(id)).to.have.members([
          'InvoiceGenerated',
          'PaymentInitiated',
          'PaymentProcessed',
          'PaymentComplete',
          'UserSubscriptionStarted',
          'InvoiceGenerated',
        ]);
      });

      it('sends the invoice, the receipt and a welcome to its customer', async () => {
        expect(await desk.told(id)).to.have.members(['invoice', 'payment-receipt', 'subscription_started']);
      });

      it('is what people query', async () => {
        const { rows } = await sql`
          select s.status, s.kind, p.name, s.period_end > s.period_start as runs
          from subscriptions.subscriptions s join subscriptions.plans p using (plan_id) where s.id = ${id}`.execute(
          desk.db,
        );
        expect(rows).to.deep.equal([{ status: 'ACTIVE', kind: 'plan', name: 'Pro Monthly', runs: true }]);
      });
    });

    it('on trial is free, and has access at once (S-02)', async () => {
      const id = await desk.subscribe({ trialDays: 14, paymentMethod: null });
      await desk.in(id, 'trialing');
      await desk.quiet();
      expect(await desk.payments(id)).to.deep.equal([]);
      expect(await desk.told(id)).to.deep.equal(['subscription_started']);
    });

    it('fails without having begun when its first payment fails for good, and its invoice is void (S-04)', async () => {
      const id = await desk.subscribe({ paymentMethod: card('chargeDeclinedStolenCard') });
      await desk.in(id, 'failed');
      await desk.quiet();
      expect((await desk.invoices(id)).map(({ state }) => state)).to.deep.equal(['cancelled']);
      expect(desk.taken(id)).to.deep.equal({ charges: 0, net: 0 });
      expect(await desk.told(id)).to.have.members(['invoice', 'subscription_failed']);
      expect(await desk.published(id)).not.to.include('UserSubscriptionStarted');
    });

    it('is charged with the method that the customer chose after a first refusal (S-01, P-14)', async () => {
      const id = await desk.subscribe({ paymentMethod: card('chargeDeclinedInsufficientFunds') });
      await desk.in(id, 'pending');
      await desk.quiet();
      expect(await desk.payments(id)).to.deep.equal(['retryWait 3239']);
      await desk.tell('ChangeSubscriptionPaymentMethod', { subscriptionId: id, paymentMethod: card('visa') });
      await desk.in(id, 'active.current');
      await desk.quiet();
      expect(desk.taken(id)).to.deep.equal({ charges: 1, net: 3_239 });
      expect((await desk.invoices(id)).map(({ state }) => state)).to.deep.equal(['paid']);
    });

    itKeepsItsBooks(() => desk);
  });
