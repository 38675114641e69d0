/** Why a card was refused, in Stripe's words. */
export interface Decline {
  code: string;
  decline_code?: string;
  message: string;
  param?: string;
  /** What Stripe's charge outcome says: refused by the issuer, or blocked before it was asked. */
  outcome: { network_status: string; reason: string; risk_level: string; seller_message: string; type: string };
}

const issuer = (reason: string): Decline['outcome'] => ({
  network_status: 'declined_by_network',
  reason,
  risk_level: 'normal',
  seller_message: 'The bank did not return any further details with this decline.',
  type: 'issuer_declined',
});
const blocked: Decline['outcome'] = {
  network_status: 'not_sent_to_network',
  reason: 'highest_risk_level',
  risk_level: 'highest',
  seller_message: 'Stripe blocked this payment as too risky.',
  type: 'blocked',
};
const declined = (decline_code: string, message = 'Your card was declined.'): Decline => ({
  code: 'card_declined',
  decline_code,
  message,
  outcome: issuer(decline_code),
});

export const declines = {
  generic: declined('generic_decline'),
  insufficientFunds: declined('insufficient_funds', 'Your card has insufficient funds.'),
  lostCard: declined('lost_card'),
  stolenCard: declined('stolen_card'),
  fraudulent: declined('fraudulent'),
  velocity: declined(
    'card_velocity_exceeded',
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  ),
  expiredCard: {
    code: 'expired_card',
    message: 'Your card has expired.',
    param: 'exp_month',
    outcome: issuer('expired_card'),
  },
  incorrectCvc: {
    code: 'incorrect_cvc',
    message: "Your card's security code is incorrect.",
    param: 'cvc',
    outcome: issuer('incorrect_cvc'),
  },
  processingError: {
    code: 'processing_error',
    message: 'An error occurred while processing your card. Try again in a little bit.',
    outcome: issuer('processing_error'),
  },
  radarBlock: { ...declined('fraudulent'), outcome: blocked },
  authenticationRequired: {
    code: 'authentication_required',
    decline_code: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
    outcome: issuer('authentication_required'),
  },
} satisfies Record<string, Decline>;
export type DeclineName = keyof typeof declines;

/** One of Stripe's test payment methods and what it does. */
export interface TestCard {
  brand: 'amex' | 'mastercard' | 'visa';
  funding: 'credit' | 'debit';
  last4: string;
  decline?: DeclineName;
  /** `charge` cards can be attached to a customer and are refused only when charged. */
  declineOn?: 'attach' | 'charge';
  refund?: 'fails' | 'pending';
}

const visa = (last4: string, rest: Partial<TestCard> = {}): TestCard => ({
  brand: 'visa',
  funding: 'credit',
  last4,
  declineOn: 'attach',
  ...rest,
});

const refused: Record<string, TestCard> = {
  chargeDeclined: visa('0002', { decline: 'generic' }),
  chargeDeclinedInsufficientFunds: visa('9995', { decline: 'insufficientFunds' }),
  chargeDeclinedLostCard: visa('9987', { decline: 'lostCard' }),
  chargeDeclinedStolenCard: visa('9979', { decline: 'stolenCard' }),
  chargeDeclinedExpiredCard: visa('0069', { decline: 'expiredCard' }),
  chargeDeclinedIncorrectCvc: visa('0127', { decline: 'incorrectCvc' }),
  chargeDeclinedProcessingError: visa('0119', { decline: 'processingError' }),
  chargeDeclinedFraudulent: visa('0019', { decline: 'fraudulent' }),
  chargeDeclinedVelocityLimitExceeded: visa('6975', { decline: 'velocity' }),
};

/** Every payment method token that the sandbox knows; Stripe spells the refused ones with and without `visa_`. */
export const testCards: ReadonlyMap<string, TestCard> = new Map<string, TestCard>([
  ['pm_card_visa', visa('4242')],
  ['pm_card_visa_debit', visa('5556', { funding: 'debit' })],
  ['pm_card_mastercard', visa('4444', { brand: 'mastercard' })],
  ['pm_card_amex', visa('8431', { brand: 'amex' })],
  ['pm_card_chargeCustomerFail', visa('0341', { decline: 'generic', declineOn: 'charge' })],
  ['pm_card_authenticationRequired', visa('3184', { decline: 'authenticationRequired', declineOn: 'charge' })],
  ['pm_card_radarBlock', visa('0019', { decline: 'radarBlock', declineOn: 'charge' })],
  ['pm_card_pendingRefund', visa('7726', { refund: 'pending' })],
  ['pm_card_refundFail', visa('5126', { refund: 'fails' })],
  ...Object.entries(refused).flatMap(([name, card]): [string, TestCard][] => [
    [`pm_card_${name}`, card],
    [`pm_card_visa_${name}`, card],
  ]),
]);
