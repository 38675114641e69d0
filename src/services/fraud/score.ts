/**
 * The fraud model (G-17): six factors, each a deterministic function of the payment and of what the customer did lately,
 * each with its reason; the score is their sum, at most 100. No factor alone declines a payment, or asks a person.
 *
 * | factor                 | points                                                                                            |
 * |------------------------|---------------------------------------------------------------------------------------------------|
 * | customer_history       | paid before 0; no order yet 5; no order yet and not a day old 10; guest 15                        |
 * | device_fingerprint     | known 0; none given 5; another than before 5; used by 3 or more other customers within a day 25   |
 * | shipping_billing_match | same 0; another address 5; another country 25                                                     |
 * | velocity_check         | more than 5 payments within an hour 25; more than 3 internet addresses within an hour 25   |
 * | geolocation_mismatch   | ships to a new country 10; the internet address is elsewhere, or hides, 20; at most 30            |
 * | order_amount           | from 500: 5; from 1,000: 10; from 2,500: 20; from 5,000: 30; from 10,000: 40                      |
 *
 * Amounts are hundreds of minor units, whatever the currency: dollars, euros and pounds as they are, yen as if a hundred were one.
 *
 * What to send to `POST /v1/orders` to be reviewed, held or blocked, as a customer who has just registered (10 points; one of
 * more than a day has 5) and names no device (5):
 *
 * | order                                                                             | score | decision                        |
 * |-----------------------------------------------------------------------------------|-------|---------------------------------|
 * | a mug                                                                             | 15    | APPROVED                        |
 * | a mug, billed in another country                                                  | 40    | APPROVED                        |
 * | 1,000, billed in another country                                                  | 50    | MANUAL_REVIEW                   |
 * | 10,000 and more                                                                   | 55    | MANUAL_REVIEW                   |
 * | the 6th order within an hour, the 4th internet address, each alone                | 40    | APPROVED                        |
 * | both of these                                                                     | 65    | MANUAL_REVIEW                   |
 * | 10,000 and more, billed in another country                                        | 80    | MANUAL_REVIEW, FraudDetected    |
 * | the same, `checkout.ipAddress` 203.0.113.9 (stands for an address that hides)     | 100   | DECLINED, FraudDetected         |
 */
import type { FraudDecision, RiskFactor } from '../../../machines/fraud/fraud.messages.js';
import type { Address, Money } from '../../../machines/shared/values.js';
import { placeOfIp } from './ipPlace.js';

/** Where one level ends and the next begins. */
export const thresholds = { low: 20, medium: 50, high: 80, autoBlock: 90 } as const;

export const modelVersion = 'factors-1.0.0';

/** What a customer and a device did before, and including, this payment. */
export interface RiskHistory {
  /** Payments of this customer within the hour, this one included; counted up to 20. */
  readonly paymentsLastHour: number;
  /** Internet addresses of this customer within the hour. */
  readonly ipsLastHour: number;
  /** This customer has paid from this device before. */
  readonly deviceKnown: boolean;
  /** This customer has paid from some device before. */
  readonly hasDevices: boolean;
  /** Other customers that used this device within a day. */
  readonly otherCustomersOnDevice: number;
  /** Countries that this customer had things sent to before. */
  readonly countries: readonly string[];
}

/** The history of somebody who never was here. */
export const noHistory: RiskHistory = {
  paymentsLastHour: 1,
  ipsLastHour: 1,
  deviceKnown: false,
  hasDevices: false,
  otherCustomersOnDevice: 0,
  countries: [],
};

/** What is known of a payment. */
export interface RiskInput {
  readonly profile: 'order' | 'firstSubscription' | 'renewal';
  readonly amount: Money;
  /** When the payment was opened (UTC ISO 8601). */
  readonly at: string;
  readonly customerId: string | null;
  readonly previousOrders: number;
  readonly customerSince: string | null;
  readonly ipAddress: string | null;
  readonly deviceId: string | null;
  readonly shippingAddress: Address | null;
  readonly billingAddress: Address | null;
  readonly history: RiskHistory;
}

export interface RiskScore {
  readonly score: number;
  readonly level: 'minimal' | 'low' | 'medium' | 'high';
  readonly decision: FraudDecision;
  readonly recommendation: 'approve' | 'review' | 'decline';
  /** The trace: what each factor contributed and why. */
  readonly factors: readonly RiskFactor[];
  /** 0 to 1: how much of what the model asks for was known. */
  readonly confidence: number;
}

/** Scores a payment and decides what may happen with it. Pure: the same input always gives the same score. */
export function scoreRisk(input: RiskInput): RiskScore {
  const factors = input.profile === 'renewal' ? renewalFactors(input) : orderFactors(input);
  const score = Math.min(
    100,
    factors.reduce((sum, factor) => sum + factor.score, 0),
  );
  const decision = decide(score);
  return {
    score,
    level: levelOf(score),
    decision,
    recommendation: ({ APPROVED: 'approve', MANUAL_REVIEW: 'review', DECLINED: 'decline' } as const)[decision],
    factors,
    confidence: confidenceIn(input),
  };
}

/** The decision table (R-42, C-11). */
export function decide(score: number): FraudDecision {
  if (score >= thresholds.autoBlock) return 'DECLINED';
  return score >= thresholds.medium ? 'MANUAL_REVIEW' : 'APPROVED';
}

/** The level of a score. */
export function levelOf(score: number): RiskScore['level'] {
  if (score >= thresholds.high) return 'high';
  if (score >= thresholds.medium) return 'medium';
  return score >= thresholds.low ? 'low' : 'minimal';
}

const orderFactors = (input: RiskInput): RiskFactor[] => [
  customerHistory(input),
  deviceFingerprint(input),
  shippingBillingMatch(input),
  velocityCheck(input),
  geolocationMismatch(input),
  orderAmount(input),
];

/** A renewal comes from us, not from a browser: only how much and how often count, and half (C-28). */
function renewalFactors(input: RiskInput): RiskFactor[] {
  const halved = (factor: RiskFactor): RiskFactor => ({ ...factor, score: Math.floor(factor.score / 2) });
  const unasked = (name: string) => factorOf(name, 0, 'Not asked of a renewal.');
  return [
    factorOf('customer_history', 0, 'A subscriber.'),
    unasked('device_fingerprint'),
    unasked('shipping_billing_match'),
    halved(velocityCheck(input)),
    unasked('geolocation_mismatch'),
    halved(orderAmount(input)),
  ];
}

const factorOf = (name: string, score: number, description: string): RiskFactor => ({ name, score, description });

const dayMs = 86_400_000;

function customerHistory({ customerId, previousOrders, customerSince, at }: RiskInput): RiskFactor {
  const factor = (score: number, description: string) => factorOf('customer_history', score, description);
  if (customerId === null) return factor(15, 'A guest.');
  if (previousOrders > 0) return factor(0, `Has paid ${previousOrders} orders before.`);
  const isNew = customerSince === null || Date.parse(at) - Date.parse(customerSince) < dayMs;
  return isNew ? factor(10, 'First order of a customer who is not a day old.') : factor(5, 'First order.');
}

function deviceFingerprint({ deviceId, history }: RiskInput): RiskFactor {
  const factor = (score: number, description: string) => factorOf('device_fingerprint', score, description);
  if (deviceId === null) return factor(5, 'No device was named.');
  const others = history.otherCustomersOnDevice;
  if (others >= 3) return factor(25, `${others} other customers used this device within a day.`);
  if (history.deviceKnown) return factor(0, 'A device that this customer has paid from before.');
  return history.hasDevices
    ? factor(5, 'Another device than this customer has used before.')
    : factor(0, 'The first device of this customer.');
}

function shippingBillingMatch({ shippingAddress: ship, billingAddress: bill }: RiskInput): RiskFactor {
  const factor = (score: number, description: string) => factorOf('shipping_billing_match', score, description);
  if (!ship || !bill) return factor(0, 'Nothing is shipped, or no address is billed.');
  if (ship.country !== bill.country) return factor(25, `Ships to ${ship.country}, is billed in ${bill.country}.`);
  const same = plain(ship.postalCode) === plain(bill.postalCode) && plain(ship.street) === plain(bill.street);
  return same ? factor(0, 'Ships where it is billed.') : factor(5, 'Ships to another address than it is billed at.');
}

const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** */
function velocityCheck({ history }: RiskInput): RiskFactor {
  const { paymentsLastHour: payments, ipsLastHour: ips } = history;
  const reasons = [
    ...(payments > 5 ? [`${payments} payments within an hour.`] : []),
    ...(ips > 3 ? [`${ips} internet addresses within an hour.`] : []),
  ];
  return factorOf('velocity_check', 25 * reasons.length, reasons.join(' ') || 'Nothing unusual within the last hour.');
}

function geolocationMismatch(input: RiskInput): RiskFactor {
  const { shippingAddress, billingAddress, history } = input;
  const place = placeOfIp(input.ipAddress);
  const countries = [shippingAddress?.country, billingAddress?.country].filter((country) => country !== undefined);
  const country = shippingAddress?.country;
  const reasons: string[] = [];
  let score = 0;
  if (place.kind === 'anonymous') {
    score += 20;
    reasons.push('The internet address hides where it is.');
  } else if (place.kind === 'country' && countries.length > 0 && !countries.includes(place.country)) {
    score += 20;
    reasons.push(
      `The internet address is in ${place.country}, the addresses are in ${[...new Set(countries)].join(' and ')}.`,
    );
  }
  if (country && history.countries.length > 0 && !history.countries.includes(country)) {
    score += 10;
    reasons.push(`Nothing went to ${country} before.`);
  }
  return factorOf('geolocation_mismatch', score, reasons.join(' ') || 'Nothing contradicts the addresses.');
}

const amountSteps = [
  [10_000, 40],
  [5_000, 30],
  [2_500, 20],
  [1_000, 10],
  [500, 5],
] as const;

function orderAmount({ amount }: RiskInput): RiskFactor {
  const step = amountSteps.find(([from]) => amount.amount >= from * 100);
  return factorOf(
    'order_amount',
    step?.[1] ?? 0,
    step ? `${step[0].toLocaleString('en-US')} or more.` : `Less than ${amountSteps.at(-1)?.[0]}.`,
  );
}

function confidenceIn(input: RiskInput): number {
  const asked = [input.customerId, input.deviceId, input.ipAddress, input.shippingAddress, input.billingAddress];
  const unknown = input.profile === 'renewal' ? 0 : asked.filter((answer) => answer === null).length;
  return (99 - 6 * unknown) / 100;
}
