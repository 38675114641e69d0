import type { MessageData, MessageName } from '../machines/index.js';

/** Everybody who can receive a message, and the service (the unit of WORKER_ROLES) that runs it. */
export const recipients = {
  /** Actors: one durable state machine per id. */
  order: 'orders',
  payment: 'payment',
  reservation: 'inventory',
  shipment: 'shipping',
  subscription: 'subscription',
  invoice: 'billing',
  /** Handlers: set-based work inside the drain's transaction. */
  customers: 'orders',
  accountLocks: 'orders',
  deliveries: 'orders',
  stock: 'inventory',
  quotes: 'inventory',
  regions: 'inventory',
  fraud: 'fraud',
  notifications: 'notifications',
  webhooks: 'payment-gateway',
  plans: 'subscription',
  trials: 'subscription',
  usage: 'subscription',
  numbers: 'billing',
  /** Effects: calls to the world outside. */
  gateway: 'payment-gateway',
  agreements: 'payment-gateway',
  carrier: 'carrier',
  delivery: 'notifications',
} as const;

export type Recipient = keyof typeof recipients;
/** The recipients that are actors: their timers come through `<service>.timers`. */
export const actors = [
  'order',
  'payment',
  'reservation',
  'shipment',
  'subscription',
  'invoice',
] as const satisfies readonly Recipient[];

export type Service = (typeof recipients)[Recipient];

/** The payload fields of a message that can name the actor it is for. */
type KeyOf<N extends MessageName> = {
  [K in keyof MessageData<N> & string]: MessageData<N>[K] extends string | null | undefined ? K : never;
}[keyof MessageData<N> & string];

/** Who receives a message, which payload field names the receiving actor (a message with null there is not for them), and optionally only when. */
interface Target<N extends MessageName> {
  readonly to: Recipient;
  readonly by: KeyOf<N>;
  readonly when?: (data: MessageData<N>) => boolean;
}

type Channel = { readonly [N in MessageName]?: readonly Target<N>[] };
type CommandQueue = { readonly [N in MessageName]?: Target<N> };

/**
 * Events: one channel per bounded context, named as in the FlowMart catalogue; every subscriber has a queue of its own,
 * `<channel>.<service>`, so that a slow or failing one holds up nobody.
 */
export const channels = {
  'orders-domain-eventbus': {
    OrderPlaced: [],
    OrderConfirmed: [
      { to: 'reservation', by: 'orderId' },
      { to: 'notifications', by: 'orderId' },
    ],
    OrderCancelled: [
      { to: 'reservation', by: 'orderId' },
      { to: 'subscription', by: 'subscriptionId' },
      { to: 'notifications', by: 'orderId' },
    ],
  },
  'payment-domain-eventbus': {
    PaymentInitiated: [
      { to: 'payment', by: 'paymentId' },
      { to: 'fraud', by: 'paymentId' },
    ],
    PaymentProcessed: [
      { to: 'order', by: 'orderId' },
      { to: 'reservation', by: 'orderId' },
      { to: 'subscription', by: 'subscriptionId' },
      { to: 'invoice', by: 'invoiceId' },
      { to: 'notifications', by: 'paymentId' },
    ],
    PaymentFailed: [
      { to: 'order', by: 'orderId' },
      { to: 'subscription', by: 'subscriptionId' },
      { to: 'invoice', by: 'invoiceId' },
      { to: 'fraud', by: 'paymentId', when: (failed) => failed.failureReason === 'fraud_suspected' },
      // The last word about an invoice’s charge is its subscription’s: it knows what comes next.
      { to: 'notifications', by: 'paymentId', when: (failed) => failed.invoiceId === null || failed.canRetry },
    ],
    PaymentCancelled: [{ to: 'fraud', by: 'paymentId' }],
    PaymentComplete: [{ to: 'order', by: 'orderId' }],
    RefundCompleted: [
      { to: 'invoice', by: 'invoiceId' },
      { to: 'notifications', by: 'paymentId' },
    ],
    RefundFailed: [{ to: 'notifications', by: 'paymentId' }],
    ChargeSucceeded: [{ to: 'payment', by: 'paymentId' }],
    ChargeAuthorized: [{ to: 'payment', by: 'paymentId' }],
    ChargeFailed: [{ to: 'payment', by: 'paymentId' }],
    ChargeVoided: [{ to: 'payment', by: 'paymentId' }],
    RefundSucceeded: [{ to: 'payment', by: 'paymentId' }],
    RefundRejected: [{ to: 'payment', by: 'paymentId' }],
    CancellationConfirmed: [{ to: 'subscription', by: 'subscriptionId' }],
    CancellationRejected: [{ to: 'subscription', by: 'subscriptionId' }],
    AgreementResumed: [{ to: 'subscription', by: 'subscriptionId' }],
    AgreementNotResumed: [
      { to: 'subscription', by: 'subscriptionId' },
      { to: 'notifications', by: 'subscriptionId' },
    ],
    RiskScoreCalculated: [],
    FraudCheckCompleted: [
      { to: 'payment', by: 'paymentId' },
      { to: 'order', by: 'orderId', when: (check) => check.decision === 'MANUAL_REVIEW' },
      { to: 'notifications', by: 'paymentId', when: (check) => check.decision === 'MANUAL_REVIEW' },
    ],
    FraudDetected: [{ to: 'order', by: 'orderId', when: (fraud) => fraud.severity === 'high' }],
    FraudDecisionOverridden: [
      { to: 'payment', by: 'paymentId' },
      { to: 'order', by: 'orderId' },
    ],
  },
  'subscription-domain-eventbus': {
    UserSubscriptionStarted: [{ to: 'notifications', by: 'subscriptionId' }],
    UserSubscriptionCancelled: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionPaymentDue: [],
    PlanMigrationCompleted: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionReminderDue: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionRenewed: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionPaymentFailed: [{ to: 'notifications', by: 'subscriptionId' }],
    PaymentMethodRequested: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionGraceStarted: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionSuspended: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionEnded: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionFailed: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionPaused: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionResumed: [{ to: 'notifications', by: 'subscriptionId' }],
    SubscriptionReactivated: [{ to: 'notifications', by: 'subscriptionId' }],
    PlanChangeScheduled: [{ to: 'notifications', by: 'subscriptionId' }],
    PlanChangeFailed: [{ to: 'notifications', by: 'subscriptionId' }],
    UpgradeSuggested: [{ to: 'notifications', by: 'subscriptionId' }],
    RetentionOfferMade: [{ to: 'notifications', by: 'subscriptionId' }],
    RetentionOfferAccepted: [{ to: 'notifications', by: 'subscriptionId' }],
    CancellationRefused: [{ to: 'notifications', by: 'subscriptionId' }],
    DeliveryAdjusted: [{ to: 'notifications', by: 'subscriptionId' }],
    DeliverySkipped: [{ to: 'notifications', by: 'subscriptionId' }],
    InvoiceGenerated: [
      { to: 'subscription', by: 'subscriptionId', when: (invoice) => invoice.status === 'generated' },
      { to: 'notifications', by: 'invoiceId', when: (invoice) => invoice.status === 'generated' },
    ],
    CreditNoteIssued: [{ to: 'notifications', by: 'invoiceId' }],
  },
  'inventory-domain-eventbus': {
    InventoryAdjusted: [{ to: 'order', by: 'orderId', when: (adjusted) => adjusted.reason === 'order_reserved' }],
    OutOfStock: [
      { to: 'order', by: 'orderId' },
      { to: 'notifications', by: 'productId', when: (shortage) => shortage.orderId === undefined },
    ],
    LowStockAlert: [{ to: 'notifications', by: 'productId' }],
    StockCommitted: [{ to: 'payment', by: 'paymentId' }],
    ReservationExpired: [{ to: 'order', by: 'orderId' }],
  },
  'shipping-domain-eventbus': {
    ShipmentCreated: [
      { to: 'order', by: 'orderId' },
      { to: 'notifications', by: 'orderId' },
    ],
    ShipmentDispatched: [
      { to: 'order', by: 'orderId' },
      { to: 'reservation', by: 'orderId' },
      { to: 'notifications', by: 'orderId' },
    ],
    ShipmentInTransit: [{ to: 'order', by: 'orderId' }],
    ShipmentDelivered: [
      { to: 'order', by: 'orderId' },
      { to: 'notifications', by: 'orderId' },
    ],
    DeliveryFailed: [
      { to: 'order', by: 'orderId' },
      { to: 'notifications', by: 'orderId' },
    ],
    ShipmentCancelled: [],
    ShipmentBooked: [{ to: 'shipment', by: 'shipmentId' }],
    BookingFailed: [{ to: 'shipment', by: 'shipmentId' }],
    ManualFulfilmentRequired: [
      { to: 'order', by: 'orderId' },
      { to: 'notifications', by: 'orderId' },
    ],
  },
  'notifications-domain-eventbus': {
    ReceiptQueued: [{ to: 'payment', by: 'paymentId' }],
    InvoiceSent: [{ to: 'invoice', by: 'invoiceId' }],
    NotificationSent: [],
  },
  'registrations-domain-eventbus': {
    UserSignedUp: [{ to: 'regions', by: 'customerId' }],
  },
} as const satisfies Record<string, Channel>;

/** Commands: point to point, one queue per service; `notifications-queue` keeps its catalogue name. */
export const commands = {
  'orders.commands': {
    PlaceOrder: { to: 'order', by: 'orderId' },
    CancelOrder: { to: 'order', by: 'orderId' },
    ChangePaymentMethod: { to: 'order', by: 'orderId' },
    RegisterCustomer: { to: 'customers', by: 'customerId' },
    SetAccountLock: { to: 'accountLocks', by: 'customerId' },
  },
  'payment.commands': {
    OpenPayment: { to: 'payment', by: 'paymentId' },
    CancelPayment: { to: 'payment', by: 'paymentId' },
    RetryPayment: { to: 'payment', by: 'paymentId' },
    CapturePayment: { to: 'payment', by: 'paymentId' },
    RefundPayment: { to: 'payment', by: 'paymentId' },
  },
  'payment-gateway.commands': {
    ProcessPayment: { to: 'gateway', by: 'paymentId' },
    ReconcileCharge: { to: 'gateway', by: 'paymentId' },
    CaptureCharge: { to: 'gateway', by: 'paymentId' },
    VoidCharge: { to: 'gateway', by: 'paymentId' },
    RefundCharge: { to: 'gateway', by: 'paymentId' },
    ConfirmCancellation: { to: 'agreements', by: 'subscriptionId' },
    ResumeAgreement: { to: 'agreements', by: 'subscriptionId' },
    StripeChargeSucceeded: { to: 'webhooks', by: 'paymentId' },
    StripeChargeFailed: { to: 'webhooks', by: 'paymentId' },
  },
  'fraud.commands': {
    OverrideFraudDecision: { to: 'fraud', by: 'paymentId' },
  },
  'subscription.commands': {
    SubscribeUser: { to: 'subscription', by: 'subscriptionId' },
    CancelSubscription: { to: 'subscription', by: 'subscriptionId' },
    AcceptOffer: { to: 'subscription', by: 'subscriptionId' },
    DeclineOffer: { to: 'subscription', by: 'subscriptionId' },
    ReactivateSubscription: { to: 'subscription', by: 'subscriptionId' },
    RenewSubscription: { to: 'subscription', by: 'subscriptionId' },
    PauseSubscription: { to: 'subscription', by: 'subscriptionId' },
    ResumeSubscription: { to: 'subscription', by: 'subscriptionId' },
    ChangePlan: { to: 'subscription', by: 'subscriptionId' },
    ChangeAutoRenewal: { to: 'subscription', by: 'subscriptionId' },
    ChangeSubscriptionPaymentMethod: { to: 'subscription', by: 'subscriptionId' },
    InvalidatePaymentMethod: { to: 'subscription', by: 'subscriptionId' },
    RetryInvoice: { to: 'subscription', by: 'subscriptionId' },
    SkipDelivery: { to: 'subscription', by: 'subscriptionId' },
    MoveDelivery: { to: 'subscription', by: 'subscriptionId' },
    ChangeQuantities: { to: 'subscription', by: 'subscriptionId' },
    ApprovePrices: { to: 'subscription', by: 'subscriptionId' },
    CreatePlan: { to: 'plans', by: 'planId' },
    RetirePlan: { to: 'plans', by: 'planId' },
    ClaimTrial: { to: 'trials', by: 'customerId' },
    ReportUsage: { to: 'usage', by: 'subscriptionId' },
  },
  'billing.commands': {
    GenerateInvoice: { to: 'invoice', by: 'invoiceId' },
    CancelInvoice: { to: 'invoice', by: 'invoiceId' },
  },
  'inventory.commands': {
    AddInventory: { to: 'stock', by: 'stockItemId' },
    UpdateInventory: { to: 'stock', by: 'stockItemId' },
    SetInventory: { to: 'stock', by: 'stockItemId' },
    DeleteInventory: { to: 'stock', by: 'stockItemId' },
    ExtendHold: { to: 'reservation', by: 'orderId' },
  },
  'shipping.commands': {
    CreateShipment: { to: 'shipment', by: 'shipmentId' },
    CancelShipment: { to: 'shipment', by: 'shipmentId' },
    UpdateShipmentStatus: { to: 'shipment', by: 'shipmentId' },
    GenerateLabel: { to: 'shipment', by: 'shipmentId' },
  },
  'carrier.commands': {
    BookShipment: { to: 'carrier', by: 'shipmentId' },
    VoidLabel: { to: 'carrier', by: 'shipmentId' },
  },
  'notifications-queue': {
    SendNotification: { to: 'delivery', by: 'notificationId' },
  },
} as const satisfies Record<string, CommandQueue>;

/**
 * Questions that an actor asks a set-based handler, and the answers: both are handled inside the transaction of the drain
 * that raised them, so no queue carries them. An order that a subscription places is made there, too, so that nothing that
 * the subscription tells it later can come before it.
 */
export const inline = {
  AllocateStock: { to: 'stock', by: 'orderId' },
  ReleaseStock: { to: 'stock', by: 'orderId' },
  CommitStock: { to: 'stock', by: 'orderId' },
  ShipStock: { to: 'stock', by: 'orderId' },
  StockAllocated: { to: 'reservation', by: 'orderId' },
  StockInsufficient: { to: 'reservation', by: 'orderId' },
  AllocateInvoiceNumber: { to: 'numbers', by: 'invoiceId' },
  InvoiceNumberAllocated: { to: 'invoice', by: 'invoiceId' },
  QuoteDelivery: { to: 'quotes', by: 'subscriptionId' },
  DeliveryQuoted: { to: 'subscription', by: 'subscriptionId' },
  PlaceSubscriptionOrder: { to: 'deliveries', by: 'orderId' },
  SubscriptionOrderRefused: { to: 'subscription', by: 'subscriptionId' },
  AnalyseUsage: { to: 'usage', by: 'subscriptionId' },
} as const satisfies CommandQueue;

type Channels = typeof channels;
type Commands = typeof commands;
type Targets =
  | {
      [C in keyof Channels]: {
        [N in keyof Channels[C]]: Channels[C][N] extends readonly (infer T)[]
          ? T extends { to: infer R }
            ? [N, R]
            : never
          : never;
      }[keyof Channels[C]];
    }[keyof Channels]
  | {
      [Q in keyof Commands]: {
        [N in keyof Commands[Q]]: Commands[Q][N] extends { to: infer R } ? [N, R] : never;
      }[keyof Commands[Q]];
    }[keyof Commands]
  | { [N in keyof typeof inline]: [N, (typeof inline)[N]['to']] }[keyof typeof inline];

/** The names of the messages that reach a recipient. */
export type MessagesFor<R extends Recipient> = Extract<
  Targets extends infer T ? (T extends [infer N, infer To] ? (R extends To ? N : never) : never) : never,
  MessageName
>;

export type ChannelName = keyof Channels;
