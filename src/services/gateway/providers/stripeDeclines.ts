import type { FailureReason } from '../../../../machines/payment/payment.messages.js';

/**
 * Stripe's decline codes and card error codes in our words. A definite refusal is never `network_error`:
 * that reason stands for an unknown outcome (P-13).
 */
export const failureReasons: Readonly<Record<string, FailureReason>> = {
  insufficient_funds: 'insufficient_funds',
  withdrawal_count_limit_exceeded: 'insufficient_funds',

  card_declined: 'card_declined',
  approve_with_id: 'card_declined',
  call_issuer: 'card_declined',
  card_velocity_exceeded: 'card_declined',
  do_not_honor: 'card_declined',
  duplicate_transaction: 'card_declined',
  generic_decline: 'card_declined',
  issuer_not_available: 'card_declined',
  no_action_taken: 'card_declined',
  not_permitted: 'card_declined',
  processing_error: 'card_declined',
  reenter_transaction: 'card_declined',
  service_not_allowed: 'card_declined',
  transaction_not_allowed: 'card_declined',
  try_again_later: 'card_declined',

  expired_card: 'expired_card',

  fraudulent: 'fraud_suspected',
  highest_risk_level: 'fraud_suspected',
  lost_card: 'fraud_suspected',
  merchant_blacklist: 'fraud_suspected',
  pickup_card: 'fraud_suspected',
  rule: 'fraud_suspected',
  security_violation: 'fraud_suspected',
  stolen_card: 'fraud_suspected',

  authentication_not_handled: 'authentication_required',
  authentication_required: 'authentication_required',
  mobile_device_authentication_required: 'authentication_required',
  offline_pin_required: 'authentication_required',
  online_or_offline_pin_required: 'authentication_required',
  payment_intent_authentication_failure: 'authentication_required',

  card_decline_rate_limit_exceeded: 'invalid_payment_method',
  card_not_supported: 'invalid_payment_method',
  currency_not_supported: 'invalid_payment_method',
  incorrect_address: 'invalid_payment_method',
  incorrect_cvc: 'invalid_payment_method',
  incorrect_number: 'invalid_payment_method',
  incorrect_pin: 'invalid_payment_method',
  incorrect_zip: 'invalid_payment_method',
  invalid_account: 'invalid_payment_method',
  invalid_cvc: 'invalid_payment_method',
  invalid_expiry_month: 'invalid_payment_method',
  invalid_expiry_year: 'invalid_payment_method',
  invalid_number: 'invalid_payment_method',
  invalid_pin: 'invalid_payment_method',
  new_account_information_available: 'invalid_payment_method',
  payment_method_unactivated: 'invalid_payment_method',
  pin_try_exceeded: 'invalid_payment_method',
  previously_declined_do_not_retry: 'invalid_payment_method',
  restricted_card: 'invalid_payment_method',
  revocation_of_all_authorizations: 'invalid_payment_method',
  revocation_of_authorization: 'invalid_payment_method',
  stop_payment_order: 'invalid_payment_method',
  testmode_decline: 'invalid_payment_method',
};

/** The first of Stripe's codes that we have a word for: the decline code says more than the error code. */
export function failureReasonOf(...codes: (string | null | undefined)[]): FailureReason {
  for (const code of codes) {
    const reason = code ? failureReasons[code] : undefined;
    if (reason) return reason;
  }
  return 'other';
}
