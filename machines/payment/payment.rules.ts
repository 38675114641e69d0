import { days, hours, minutes, seconds } from '../shared/instants.js';
import type { Money, PaymentMethod } from '../shared/values.js';
import type { FailureReason } from './payment.messages.js';

/** Charges of one payment, the first included. */
export const MAX_ATTEMPTS = 3;
/** From a failed charge to the next (ms, R-21). */
export const RETRY_DELAY_MS = minutes(10);
/** How long a payment may stay unbegun: its session (ms, R-24). */
export const SESSION_LIFE_MS = minutes(15);
/** How long a payment waits for the fraud decision before it is held for a person (ms, P-02). */
export const RISK_CHECK_TIMEOUT_MS = seconds(3);
/** How long a held payment waits for a person when Fraud Detection named no deadline (ms, R-46). */
export const REVIEW_TIMEOUT_MS = hours(24);
/** How long an authorisation is held for a capture before it is voided (ms, R-27). */
export const AUTHORIZATION_LIFE_MS = days(7);

const FEE_PER_MILLE = 29;
const FIXED_FEE_THOUSANDTHS = 300;

/** Digits after the decimal point of the currencies that do not have two (ISO 4217, R-90). */
const exponents: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
};

/** What FlowMart pays for a charge: 2.9 % plus 0.30 of the currency's unit, truncated to minor units. */
export function processingFee({ amount, currency }: Money): Money {
  const minorPerUnit = 10 ** (exponents[currency] ?? 2);
  return { amount: Math.floor((amount * FEE_PER_MILLE + FIXED_FEE_THOUSANDTHS * minorPerUnit) / 1000), currency };
}

/** Reasons that only another payment method can mend; the customer may choose one (O-16). */
const deadMethodReasons: readonly FailureReason[] = [
  'expired_card',
  'invalid_payment_method',
  'authentication_required',
];

/** Reasons that a provider gives for a card that may pass later, and for one that never will: closed, lost, stolen. */
const cardReasons: readonly FailureReason[] = ['card_declined', 'fraud_suspected'];

/** Whether the same method may pass another day; a card that its bank declines for good (`canRetry` false) never will (O-16). */
export const isMethodUsable = (reason: FailureReason, canRetry: boolean): boolean =>
  !deadMethodReasons.includes(reason) && (canRetry || !cardReasons.includes(reason));

/** After a network error nobody knows whether money was taken; every other reason is the provider's last word on that charge. */
export const isUnknown = (reason: FailureReason): boolean => reason === 'network_error';

/** The key under which a provider makes one charge happen once; a number is used up only by a definitive decline (P-13). */
export const chargeKey = (paymentId: string, chargeNumber: number): string => `${paymentId}-${chargeNumber}`;

/** One refund of a payment (P-19, P-20). `failed` money stays refundable. */
export interface Refund {
  readonly refundId: string;
  /** Minor units of the payment's currency. */
  readonly amount: number;
  readonly status: 'processing' | 'completed' | 'failed';
}

/** Minor units that went back. */
export const refundedTotal = (refunds: readonly Refund[]): number =>
  refunds.filter(({ status }) => status === 'completed').reduce((sum, { amount }) => sum + amount, 0);

/** Minor units of a captured amount that neither went back nor are on their way. */
export const refundable = (captured: number, refunds: readonly Refund[]): number =>
  refunds.filter(({ status }) => status !== 'failed').reduce((rest, { amount }) => rest - amount, captured);

const methodNames: Readonly<Record<PaymentMethod['type'], string>> = {
  card: 'CreditCard',
  bank_transfer: 'BankTransfer',
  paypal: 'PayPal',
  digital_wallet: 'DigitalWallet',
};

/** The catalogue's name of a payment method's kind, as PaymentProcessed carries it. */
export const methodName = ({ type }: PaymentMethod): string => methodNames[type];
