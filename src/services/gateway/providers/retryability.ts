import type { FailureReason } from '../../../../machines/payment/payment.messages.js';

/** Whether the same payment method may pass when it is charged again (domain.md 2.7). */
export const retryability: Readonly<Record<FailureReason, boolean>> = {
  insufficient_funds: true,
  card_declined: true,
  network_error: true,
  expired_card: false,
  fraud_suspected: false,
  invalid_payment_method: false,
  authentication_required: false,
  other: false,
};
