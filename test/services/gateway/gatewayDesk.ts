import type { FlowmartOutgoing, FlowmartReceived } from '../../../machines/index.js';
import { opened } from '../../../machines/payment/payment.context.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import type { Effect, EffectOutcome, EffectRun } from '../../../src/runtime/ports.js';
import { createGateway, type GatewayOptions } from '../../../src/services/gateway/gateway.js';
import { storeActor } from '../../db/storeActor.js';
import { at, id, message } from '../../machines/given.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';

export type GatewayMessage = FlowmartReceived<MessagesFor<'gateway'>>;

export const usd = (amount: number) => ({ amount, currency: 'USD' });
export const visa = { type: 'card' as const, token: 'pm_card_visa' };
export const keyOf = (paymentId: string, chargeNumber = 1) => `${paymentId}-${chargeNumber}`;

const subject = (paymentId: string, chargeNumber: number) => ({
  paymentId,
  attempt: chargeNumber,
  idempotencyKey: keyOf(paymentId, chargeNumber),
  amount: usd(13497),
  paymentMethod: visa,
  captureImmediately: true,
  metadata: { paymentId, orderId: id('order'), idempotencyKey: keyOf(paymentId, chargeNumber) },
});

export const processPayment = (
  paymentId: string,
  change: { chargeNumber?: number; outcomeUnknown?: boolean; token?: string; captureImmediately?: boolean } = {},
) =>
  message('ProcessPayment', {
    ...subject(paymentId, change.chargeNumber ?? 1),
    ...(change.token && { paymentMethod: { type: 'card' as const, token: change.token } }),
    captureImmediately: change.captureImmediately ?? true,
    outcomeUnknown: change.outcomeUnknown ?? false,
  });

export const reconcileCharge = (paymentId: string, captureImmediately = true) =>
  message('ReconcileCharge', { ...subject(paymentId, 1), captureImmediately });

const held = (paymentId: string, gatewayReferenceId: string) => ({
  paymentId,
  attempt: 1,
  idempotencyKey: keyOf(paymentId),
  gateway: 'stripe',
  gatewayReferenceId,
  amount: usd(13497),
});

export const captureCharge = (paymentId: string, gatewayReferenceId: string) =>
  message('CaptureCharge', held(paymentId, gatewayReferenceId));

export const voidCharge = (paymentId: string, gatewayReferenceId: string) =>
  message('VoidCharge', held(paymentId, gatewayReferenceId));

export const refundCharge = (paymentId: string, gateway: string, gatewayReferenceId: string, amount = 13497) =>
  message('RefundCharge', {
    paymentId,
    refundId: id(`refund of ${paymentId}`),
    idempotencyKey: id(`refund of ${paymentId}`),
    gateway,
    gatewayReferenceId,
    amount: usd(amount),
    reason: 'changed my mind',
  });

/** The gateway at work on a real database, run as the runtime runs effects: claim and prepare, call, settle. */
export class GatewayDesk {
  readonly approved = new Set<string>();
  gateway!: Effect<MessagesFor<'gateway'>>;

  private constructor(
    private readonly database: TestDatabase,
    readonly connection: Connection,
  ) {}

  static async open(): Promise<GatewayDesk> {
    const database = await testDatabase();
    return new GatewayDesk(database, connect({ url: database.url, poolSize: 4, name: 'test', onError: () => {} }));
  }

  get db() {
    return this.connection.db;
  }

  /** Starts a gateway, as a process does; the database stays. */
  start(options: Omit<GatewayOptions, 'approvals'>): void {
    this.gateway = createGateway({
      ...options,
      approvals: async (_, paymentIds) => new Set(paymentIds.filter((paymentId) => this.approved.has(paymentId))),
    });
  }

  /** A payment that is stored and, unless told otherwise, approved and captured at once. */
  async payment(name: string, approved = true, captureImmediately = true): Promise<string> {
    const paymentId = id(name);
    const context = opened(
      message('OpenPayment', {
        paymentId,
        orderId: id('order'),
        subscriptionId: null,
        invoiceId: null,
        customerId: id('customer'),
        amount: usd(13497),
        paymentMethod: visa,
        profile: 'order',
        risk: { previousOrders: 0, customerSince: null, shippingAddress: null, billingAddress: null },
        captureImmediately,
      }),
    );
    const correlationId = id('request');
    await storeActor(this.db, 'payments.payments', paymentId, { state: 'authorizing', context, correlationId });
    if (approved) this.approved.add(paymentId);
    return paymentId;
  }

  /** One run of each message, in one batch. */
  async run(messages: readonly GatewayMessage[], run: Partial<EffectRun> = {}): Promise<EffectOutcome[]> {
    const received = messages as Parameters<NonNullable<typeof this.gateway.prepare>>[1];
    const prepared = await this.db
      .transaction()
      .execute(async (trx) => (await this.gateway.prepare?.(trx, received)) ?? []);
    const outcomes = await Promise.all(
      received.map((one, index) =>
        this.gateway.run(
          one,
          { attempt: 1, lookUp: false, expired: () => false, now: () => at(), ...run },
          prepared[index],
        ),
      ),
    );
    const settled = outcomes.flatMap((outcome, index) => {
      const settledMessage = received[index];
      return outcome.kind === 'done' && settledMessage ? [{ message: settledMessage, record: outcome.record }] : [];
    });
    await this.db.transaction().execute(async (trx) => this.gateway.finish?.(trx, settled));
    return outcomes;
  }

  /** Runs a message again and again, without the pauses, until it is settled. */
  async settle(one: GatewayMessage): Promise<{ emitted: readonly FlowmartOutgoing[]; pauses: readonly number[] }> {
    const pauses: number[] = [];
    let lookUp = false;
    for (let attempt = 1; attempt <= 20; attempt++) {
      const [outcome] = await this.run([one], { attempt, lookUp });
      if (outcome?.kind === 'done') return { emitted: outcome.emit as readonly FlowmartOutgoing[], pauses };
      if (outcome) {
        pauses.push(outcome.afterMs);
        lookUp = outcome.unknown;
      }
    }
    throw new Error('it never settled');
  }

  transactions(paymentId: string) {
    return this.db
      .selectFrom('payments.transactions')
      .select(['type', 'gateway', 'gateway_reference_id', 'status', 'amount_minor', 'response_code'])
      .where('payment_id', '=', paymentId)
      .orderBy('processed_at')
      .execute();
  }

  /** What providers answered about a payment, in order: `Capture Success`. */
  async log(paymentId: string): Promise<string[]> {
    return (await this.transactions(paymentId)).map(({ type, status }) => `${type} ${status}`);
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.database.drop();
  }
}
