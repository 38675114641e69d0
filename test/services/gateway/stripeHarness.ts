import { createHmac } from 'node:crypto';
import type { FailureReason } from '../../../machines/payment/payment.messages.js';
import { startStripeSandbox } from '../../../scripts/stripeSandbox/server.js';
import { providers } from '../../../src/services/gateway/providers/registry.js';
import type { ProviderHarness, SignedWebhook } from './providerContract.js';
import { startWebhookReceiver } from './webhookReceiver.js';

const secret = 'whsec_contract';

const declines: readonly [token: string, failureCode: string, failureReason: FailureReason, canRetry: boolean][] = [
  ['pm_card_chargeDeclined', 'generic_decline', 'card_declined', true],
  ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds', 'insufficient_funds', true],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'card_declined', true],
  ['pm_card_chargeDeclinedVelocityLimitExceeded', 'card_velocity_exceeded', 'card_declined', true],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card', false],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'invalid_payment_method', false],
  ['pm_card_chargeDeclinedLostCard', 'lost_card', 'fraud_suspected', false],
  ['pm_card_chargeDeclinedStolenCard', 'stolen_card', 'fraud_suspected', false],
  ['pm_card_chargeDeclinedFraudulent', 'fraudulent', 'fraud_suspected', false],
  ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required', false],
  ['pm_card_nobody', 'resource_missing', 'invalid_payment_method', false],
];

const faultOf = {
  silence: ['timeout_before', 'timeout_after_success'],
  cut: ['cut_connection', 'cut_connection_after_success'],
  serverError: ['error_500', 'error_500_after_success'],
} as const;

/** Stripe's adapter against the local sandbox, whose ledger is the oracle. */
export async function startStripeHarness(): Promise<ProviderHarness> {
  const receiver = await startWebhookReceiver();
  const sandbox = await startStripeSandbox({ webhook: { url: receiver.url, secret } });
  const settings = { webhookSecret: secret, apiBase: sandbox.url, timeoutMs: 400 };
  const provider = providers.stripe({ ...settings, apiKey: 'sk_test_contract' });
  const impostor = providers.stripe({ ...settings, apiKey: 'sk_live_contract' });
  const sign = (rawBody: Buffer, key: string, timestamp: number): SignedWebhook => {
    const digest = createHmac('sha256', key)
      .update(`${timestamp}.${rawBody.toString('utf8')}`)
      .digest('hex');
    return { rawBody, signature: `t=${timestamp},v1=${digest}` };
  };
  const now = () => Math.floor(Date.now() / 1000);
  return {
    provider,
    impostor,
    goodMethod: { type: 'card', token: 'pm_card_visa' },
    declines: declines.map(([token, failureCode, failureReason, canRetry]) => ({
      method: { type: 'card', token },
      failureCode,
      failureReason,
      canRetry,
    })),
    loseNextAnswer: (how, happened) => {
      sandbox.addFault({ match: { method: 'POST', times: 1 }, fault: faultOf[how][happened ? 1 : 0] });
    },
    throttleNextCall: () => {
      sandbox.addFault({ match: { times: 1 }, fault: 'rate_limit_429' });
    },
    taken: (id) => {
      let total = 0;
      for (const entry of sandbox.ledger()) {
        if (entry.type === 'reset' || entry.intent?.id !== id) continue;
        if (entry.type === 'charged' || entry.type === 'captured') total += entry.amount;
        if (entry.type === 'refunded') total -= entry.amount;
      }
      return total;
    },
    chargesOf: (effectId) =>
      sandbox
        .ledger()
        .filter(
          (entry) =>
            (entry.type === 'charged' || entry.type === 'captured') && entry.intent?.metadata.effectId === effectId,
        ).length,
    webhooks: async () => {
      await sandbox.webhooksSettled();
      return receiver.received;
    },
    signedAt: (rawBody, secondsAgo) => sign(rawBody, secret, now() - secondsAgo),
    signedByStranger: (rawBody) => sign(rawBody, 'whsec_stranger', now()),
    close: async () => {
      provider.close();
      impostor.close();
      await sandbox.close();
      await receiver.close();
    },
  };
}
