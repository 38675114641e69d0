import type {
  ChargeOutcome,
  NotFound,
  PaymentProvider,
  RefundOutcome,
} from '../../../src/services/gateway/providers/provider.js';

export const approved = (gatewayReferenceId = 'pi_1'): ChargeOutcome => ({
  kind: 'succeeded',
  gatewayReferenceId,
  responseCode: 'succeeded',
  responseMessage: 'Approved.',
});
export const declined = (canRetry = true): ChargeOutcome => ({
  kind: 'declined',
  gatewayReferenceId: 'pi_1',
  failureReason: canRetry ? 'insufficient_funds' : 'expired_card',
  failureCode: canRetry ? 'insufficient_funds' : 'expired_card',
  failureMessage: 'No.',
  canRetry,
});
export const silence = { kind: 'unknown', reason: 'network_error', message: 'socket hang up' } as const;
export const nowhere: NotFound = { kind: 'notFound' };
export const returned: RefundOutcome = {
  kind: 'refunded',
  gatewayRefundId: 're_1',
  responseCode: 'succeeded',
  responseMessage: 'Refunded.',
};

/** A provider that answers as its script says, in order, and keeps what it was asked. */
export class ScriptedProvider implements PaymentProvider {
  readonly calls: string[] = [];
  readonly charges: (ChargeOutcome | Error)[] = [];
  readonly chargeLookUps: (ChargeOutcome | NotFound)[] = [];
  readonly refunds: RefundOutcome[] = [];
  readonly refundLookUps: (RefundOutcome | NotFound)[] = [];
  isHealthy = true;

  constructor(readonly name: string) {}

  async charge({ effectId, idempotencyKey }: { effectId: string; idempotencyKey: string }): Promise<ChargeOutcome> {
    this.calls.push(`charge ${idempotencyKey}`);
    if (effectId !== idempotencyKey) throw new Error('a charge is looked up by its key');
    const answer = next(this.charges);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async lookUpCharge({ effectId }: { effectId: string }): Promise<ChargeOutcome | NotFound> {
    this.calls.push(`look up ${effectId}`);
    return next(this.chargeLookUps);
  }

  async refund({ effectId, amount }: { effectId: string; amount: number }): Promise<RefundOutcome> {
    this.calls.push(`refund ${amount} as ${effectId}`);
    return next(this.refunds);
  }

  async lookUpRefund({ effectId }: { effectId: string }): Promise<RefundOutcome | NotFound> {
    this.calls.push(`look up refund ${effectId}`);
    return next(this.refundLookUps);
  }

  async probe(): Promise<{ healthy: boolean; latencyMs: number }> {
    this.calls.push('probe');
    return { healthy: this.isHealthy, latencyMs: 1 };
  }

  capture(): never {
    throw new Error('not asked for');
  }

  void(): never {
    throw new Error('not asked for');
  }

  parseWebhook(): never {
    throw new Error('not asked for');
  }

  close(): void {}
}

function next<T>(script: T[]): T {
  const answer = script.shift();
  if (answer === undefined) throw new Error('the script has no more answers');
  return answer;
}
