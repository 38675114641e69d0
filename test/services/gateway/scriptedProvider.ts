import type {
  AgreementOutcome,
  AgreementRequest,
  CaptureOutcome,
  ChargeLookUp,
  ChargeOutcome,
  NotFound,
  PaymentProvider,
  RefundOutcome,
  ResumptionOutcome,
  ResumptionRequest,
  VoidOutcome,
} from '../../../src/services/gateway/providers/provider.js';

export const approved = (gatewayReferenceId = 'pi_1'): ChargeOutcome => ({
  kind: 'succeeded',
  gatewayReferenceId,
  responseCode: 'succeeded',
  responseMessage: 'Approved.',
});
export const authorized = (gatewayReferenceId = 'pi_1'): ChargeOutcome => ({
  kind: 'authorized',
  gatewayReferenceId,
  responseCode: 'requires_capture',
  responseMessage: 'Held.',
});
export const letGo = (gatewayReferenceId = 'pi_1'): VoidOutcome => ({
  kind: 'voided',
  gatewayReferenceId,
  responseCode: 'canceled',
  responseMessage: 'Voided.',
});
export const taken = (gatewayReferenceId = 'pi_1'): CaptureOutcome => ({
  kind: 'captured',
  gatewayReferenceId,
  responseCode: 'succeeded',
  responseMessage: 'Captured.',
});
export const canceled: ChargeOutcome = {
  kind: 'declined',
  gatewayReferenceId: 'pi_1',
  failureReason: 'other',
  failureCode: 'canceled',
  failureMessage: 'The payment was canceled.',
  canRetry: false,
};
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
  readonly captures: CaptureOutcome[] = [];
  readonly voids: VoidOutcome[] = [];
  readonly refunds: RefundOutcome[] = [];
  readonly refundLookUps: (RefundOutcome | NotFound)[] = [];
  readonly agreements: AgreementOutcome[] = [];
  readonly resumptions: ResumptionOutcome[] = [];
  isHealthy = true;

  constructor(readonly name: string) {}

  async charge({ effectId, idempotencyKey }: { effectId: string; idempotencyKey: string }): Promise<ChargeOutcome> {
    this.calls.push(`charge ${idempotencyKey}`);
    if (effectId !== idempotencyKey) throw new Error('a charge is looked up by its key');
    const answer = next(this.charges);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async lookUpCharge({ effectId, gatewayReferenceId }: ChargeLookUp): Promise<ChargeOutcome | NotFound> {
    this.calls.push(`look up ${effectId}${gatewayReferenceId ? ` (${gatewayReferenceId})` : ''}`);
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

  async endAgreement({ subscriptionId, atPeriodEnd }: AgreementRequest): Promise<AgreementOutcome> {
    this.calls.push(`end agreement of ${subscriptionId} ${atPeriodEnd ? 'with its period' : 'at once'}`);
    return next(this.agreements);
  }

  async resumeAgreement({ idempotencyKey, subscriptionId }: ResumptionRequest): Promise<ResumptionOutcome> {
    this.calls.push(`resume agreement of ${subscriptionId} as ${idempotencyKey}`);
    return next(this.resumptions);
  }

  async probe(): Promise<{ healthy: boolean; latencyMs: number }> {
    this.calls.push('probe');
    return { healthy: this.isHealthy, latencyMs: 1 };
  }

  async capture({ idempotencyKey, amount }: { idempotencyKey: string; amount: number }): Promise<CaptureOutcome> {
    this.calls.push(`capture ${amount} as ${idempotencyKey}`);
    return next(this.captures);
  }

  async void({ idempotencyKey }: { idempotencyKey: string }): Promise<VoidOutcome> {
    this.calls.push(`void as ${idempotencyKey}`);
    return next(this.voids);
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
