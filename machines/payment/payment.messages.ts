import { z } from 'zod';
import { command, event, privateEvent } from '../shared/message.js';
import { address, allocation, currencyCode, instant, money, paymentMethod, uuid } from '../shared/values.js';

export const failureReason = z.enum([
  'insufficient_funds',
  'card_declined',
  'expired_card',
  'fraud_suspected',
  'network_error',
  'invalid_payment_method',
  'authentication_required',
  'other',
]);
export type FailureReason = z.infer<typeof failureReason>;

/** What a payment collects for: an order, or an invoice of a subscription (C-30). */
const purpose = {
  orderId: uuid.nullable(),
  subscriptionId: uuid.nullable(),
  invoiceId: uuid.nullable(),
};

const riskContext = z.strictObject({
  ipAddress: z.string().optional(),
  deviceId: z.string().optional(),
  previousOrders: z.int().min(0),
  customerSince: instant.nullable(),
  shippingAddress: address.nullable(),
  billingAddress: address.nullable(),
});

const opening = {
  paymentId: uuid,
  ...purpose,
  customerId: uuid.nullable(),
  amount: money,
  paymentMethod,
  /** Renewals leave retries to dunning (P-12). */
  profile: z.enum(['order', 'firstSubscription', 'renewal']),
  risk: riskContext,
};

/** A charge request's stable identity: its attempt, and the key under which the provider makes it happen once. */
const charge = {
  paymentId: uuid,
  attempt: z.int().min(1),
  idempotencyKey: z.string(),
};

/** A charge as its outcome names it: the key tells which one; a webhook does not know the attempt. */
const outcome = { ...charge, attempt: z.int().min(1).nullable() };

/** What a provider says about money that it took, or that it holds. */
const approval = {
  ...outcome,
  gateway: z.string(),
  gatewayReferenceId: z.string(),
  amount: money,
  responseCode: z.string(),
  responseMessage: z.string(),
};

/** An authorised charge that the gateway is to capture or to void. */
const authorization = { ...charge, gateway: z.string(), gatewayReferenceId: z.string(), amount: money };

/** Messages of the Payment service and of the gateway that serves it (domain.md 2.6–2.8, G-08). */
export const paymentMessages = {
  OpenPayment: command(
    '1.0.0',
    'Open a payment for an order or an invoice (P-01).',
    z.strictObject({ ...opening, captureImmediately: z.boolean() }),
  ),
  CancelPayment: command(
    '1.0.0',
    'Stop collecting: the order was cancelled (P-18, P-18b).',
    z.strictObject({ paymentId: uuid, reason: z.string() }),
  ),
  RetryPayment: command(
    '1.0.0',
    'Charge a waiting payment now with another method (PaymentMethodUpdated of P-14).',
    z.strictObject({ paymentId: uuid, paymentMethod }),
  ),
  CapturePayment: command(
    '1.0.0',
    'Take the money that an authorised payment holds: every line of the order is reserved (P-15).',
    z.strictObject({ paymentId: uuid }),
  ),
  RefundPayment: command(
    '1.0.0',
    'Return captured money (P-19).',
    z.strictObject({
      paymentId: uuid,
      refundId: uuid,
      amount: money,
      reason: z.string().max(500),
      requestedBy: z.string(),
    }),
  ),
  PaymentInitiated: event(
    '1.0.0',
    'A payment was opened; fraud detection and the payment workflow start.',
    z.strictObject({
      ...opening,
      userId: uuid.nullable(),
      /** Internal id of the payment attempt that fraud messages refer to (C-65). */
      transactionId: uuid,
      initiatedAt: instant,
    }),
    ['paymentMethod', 'risk'],
  ),
  PaymentProcessed: event(
    '1.0.0',
    'Money was captured, once per captured payment.',
    z.strictObject({
      paymentId: uuid,
      transactionId: uuid,
      ...purpose,
      customerId: uuid.nullable(),
      userId: uuid.nullable(),
      amount: money,
      currency: currencyCode,
      paymentMethod: z.string(),
      status: z.literal('confirmed'),
      confirmationDetails: z.strictObject({ gatewayResponse: z.string(), transactionId: z.string() }),
      timestamp: instant,
    }),
  ),
  PaymentFailed: event(
    '1.0.0',
    'A charge failed; canRetry says whether FlowMart will try again by itself.',
    z.strictObject({
      paymentId: uuid,
      ...purpose,
      customerId: uuid.nullable(),
      amount: money,
      failureReason,
      failureCode: z.string().nullable(),
      failureMessage: z.string(),
      attemptNumber: z.int().min(0),
      maxAttempts: z.int().min(1),
      canRetry: z.boolean(),
      /** False when the method itself will never pass and the customer must choose another (O-16). */
      methodUsable: z.boolean(),
      nextRetryAt: instant.nullable(),
      timestamp: instant,
    }),
  ),
  PaymentComplete: event(
    '1.0.0',
    'The payment process is finished: money captured, stock committed, receipt queued. Triggers fulfilment.',
    z.strictObject({
      paymentId: uuid,
      ...purpose,
      customerId: uuid.nullable(),
      amount: money,
      transactionId: uuid,
      status: z.literal('completed'),
      processingFee: money,
      netAmount: money,
      /** What may be packed, and from which warehouse. */
      allocations: z.array(allocation),
      completedAt: instant,
    }),
  ),
  PaymentCancelled: privateEvent(
    '1.0.0',
    'A payment ended before any charge: nobody needs to review it any more (P-18).',
    z.strictObject({ paymentId: uuid, ...purpose, customerId: uuid.nullable(), timestamp: instant }),
  ),
  RefundCompleted: privateEvent(
    '1.0.0',
    'Captured money went back (G-08).',
    z.strictObject({
      paymentId: uuid,
      refundId: uuid,
      ...purpose,
      customerId: uuid.nullable(),
      amount: money,
      refundedTotal: money,
      fullyRefunded: z.boolean(),
      timestamp: instant,
    }),
  ),
  RefundFailed: privateEvent(
    '1.0.0',
    'The provider refused a refund: manual processor review.',
    z.strictObject({
      paymentId: uuid,
      refundId: uuid,
      ...purpose,
      customerId: uuid.nullable(),
      amount: money,
      failureMessage: z.string(),
      timestamp: instant,
    }),
  ),
  ProcessPayment: command(
    '1.0.0',
    'Charge a payment method through the gateway.',
    z.strictObject({
      ...charge,
      amount: money,
      paymentMethod,
      captureImmediately: z.boolean(),
      metadata: z.record(z.string(), z.string()),
      /** True when an earlier call under the same key ended without a known outcome: look it up before asking. */
      outcomeUnknown: z.boolean(),
    }),
  ),
  ReconcileCharge: command(
    '1.0.0',
    'Find out, however long it takes, whether a charge of unknown outcome happened.',
    z.strictObject({
      ...charge,
      amount: money,
      paymentMethod,
      captureImmediately: z.boolean(),
      metadata: z.record(z.string(), z.string()),
    }),
  ),
  CaptureCharge: command(
    '1.0.0',
    'Take the money of an authorised charge through the gateway (P-15).',
    z.strictObject(authorization),
  ),
  VoidCharge: command(
    '1.0.0',
    'Let an authorised charge go through the gateway, without taking anything (P-18, R-27).',
    z.strictObject(authorization),
  ),
  RefundCharge: command(
    '1.0.0',
    'Return a captured charge through the gateway.',
    z.strictObject({
      paymentId: uuid,
      refundId: uuid,
      idempotencyKey: z.string(),
      /** The provider that took the money, and its name for the charge. */
      gateway: z.string(),
      gatewayReferenceId: z.string(),
      amount: money,
      reason: z.string(),
    }),
  ),
  ChargeSucceeded: privateEvent(
    '1.0.0',
    'The gateway charged, at once or by a capture, in provider-neutral words (record 005).',
    z.strictObject(approval),
  ),
  ChargeAuthorized: privateEvent(
    '1.0.0',
    'The provider holds the money for us, and has taken nothing yet (P-09).',
    z.strictObject(approval),
  ),
  ChargeVoided: privateEvent(
    '1.0.0',
    'The provider has let an authorised charge go; nothing was taken.',
    z.strictObject({ paymentId: uuid, gateway: z.string(), gatewayReferenceId: z.string(), amount: money }),
  ),
  ChargeFailed: privateEvent(
    '1.0.0',
    'The gateway could not charge; network_error means that the outcome is unknown.',
    z.strictObject({
      ...outcome,
      gateway: z.string(),
      gatewayReferenceId: z.string().nullable(),
      failureReason,
      failureCode: z.string().nullable(),
      failureMessage: z.string(),
      canRetry: z.boolean(),
    }),
  ),
  RefundSucceeded: privateEvent(
    '1.0.0',
    'The gateway returned the money.',
    z.strictObject({
      paymentId: uuid,
      refundId: uuid,
      gateway: z.string(),
      gatewayRefundId: z.string(),
      amount: money,
    }),
  ),
  RefundRejected: privateEvent(
    '1.0.0',
    'The gateway refused to return the money.',
    z.strictObject({ paymentId: uuid, refundId: uuid, gateway: z.string(), failureMessage: z.string() }),
  ),
  StripeChargeSucceeded: command(
    '1.0.0',
    'A signed webhook of Stripe says that a charge succeeded; stays inside the gateway (record 005).',
    z.strictObject({
      stripeEventId: z.string(),
      paymentIntentId: z.string(),
      amount: money,
      metadata: z.record(z.string(), z.string()),
      paymentId: uuid,
    }),
  ),
  StripeChargeFailed: command(
    '1.0.0',
    'A signed webhook of Stripe says that a charge failed; stays inside the gateway (record 005).',
    z.strictObject({
      stripeEventId: z.string(),
      paymentIntentId: z.string(),
      amount: money,
      metadata: z.record(z.string(), z.string()),
      paymentId: uuid,
      failureCode: z.string().nullable(),
      declineCode: z.string().nullable(),
      failureMessage: z.string(),
    }),
  ),
};
