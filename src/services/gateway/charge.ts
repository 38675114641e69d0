import type { FlowmartReceived } from '../../../machines/index.js';
import { deriveId } from '../../../machines/shared/ids.js';
import { FatalError } from '../../runtime/errors.js';
import type { EffectOutcome, EffectRun } from '../../runtime/ports.js';
import type { WatchedProvider } from './providerRouting.js';
import type { ChargeOutcome } from './providers/provider.js';
import { again, outOfTime } from './runs.js';
import type { Transaction } from './transactions.js';

type ProcessPayment = FlowmartReceived<'ProcessPayment'>;
type ReconcileCharge = FlowmartReceived<'ReconcileCharge'>;
type Settled = Exclude<ChargeOutcome, { kind: 'unknown' }>;

/** Runs of one charge before its outcome is left unknown for the payment to decide. */
const TRANSPORT_ATTEMPTS = 3;
const TRANSPORT_BACKOFF_MS = 1_000;
/** Runs that wait for the stored approval before the charge is refused (C-66). */
const APPROVAL_RUNS = 4;
const APPROVAL_WAIT_MS = 500;
/** When to look again for a charge that is nowhere: a call may still be on its way, and searches lag (ms). */
const ABSENCE_CHECKS_MS = [5_000, 60_000, 600_000];
const RECONCILE_BACKOFF_MAX_MS = 3_600_000;

/**
 * Charges once, under the key of the charge. Whenever an earlier call may have gone through, asks for its outcome first;
 * three calls without an answer end as `network_error` (P-13, R-22).
 */
export async function charge(message: ProcessPayment, run: EffectRun, to: WatchedProvider): Promise<EffectOutcome> {
  const { data } = message;
  if (run.lookUp || data.outcomeUnknown) {
    if (run.expired()) return outOfTime(true);
    const found = await lookUp(data.idempotencyKey, to);
    if (found.kind === 'unknown') return retryOrGiveUp(message, run, to, found.message);
    if (found.kind !== 'notFound') return settle(message, to, found);
  }
  if (run.expired()) return outOfTime(run.lookUp);
  const { amount, currency } = data.amount;
  const { idempotencyKey, paymentMethod, captureImmediately, metadata } = data;
  const outcome = await to.health.watch(
    to.provider.charge({
      // The key, not the message, is what is charged once: a later message asks under it again after an unknown outcome.
      effectId: idempotencyKey,
      idempotencyKey,
      amount,
      currency,
      paymentMethod,
      captureImmediately,
      metadata,
    }),
  );
  return outcome.kind === 'unknown' ? retryOrGiveUp(message, run, to, outcome.message) : settle(message, to, outcome);
}

/** Does not charge: Fraud Detection's approval is not stored. It may be a moment away; if not, the charge is refused (C-66). */
export function refuseUnapproved(message: ProcessPayment, run: EffectRun, gateway: string): EffectOutcome {
  if (run.attempt < APPROVAL_RUNS) return again(APPROVAL_WAIT_MS, 'The payment is not approved yet.', run.lookUp);
  return {
    kind: 'done',
    emit: [
      failed(message, gateway, {
        gatewayReferenceId: null,
        failureReason: 'fraud_suspected',
        failureCode: 'NOT_APPROVED',
        failureMessage: 'The payment has no approval of Fraud Detection.',
        canRetry: false,
      }),
    ],
  };
}

/** Finds out whether a charge of unknown outcome took money or holds it, and says so only if it does. */
export async function reconcile(message: ReconcileCharge, run: EffectRun, at: WatchedProvider): Promise<EffectOutcome> {
  if (run.expired()) return outOfTime(true);
  const found = await lookUp(message.data.idempotencyKey, at);
  if (found.kind === 'unknown') {
    return again(Math.min(RECONCILE_BACKOFF_MAX_MS, TRANSPORT_BACKOFF_MS * 2 ** run.attempt), found.message, true);
  }
  if (found.kind === 'notFound') {
    const waitMs = ABSENCE_CHECKS_MS[run.attempt - 1];
    return waitMs === undefined ? { kind: 'done', emit: [] } : again(waitMs, 'The charge is not there.', true);
  }
  if (found.kind === 'declined') return { kind: 'done', emit: [], record: transactionOf(message, at, found) };
  return settle(message, at, found);
}

const lookUp = (effectId: string, { provider, health }: WatchedProvider) =>
  health.watch(provider.lookUpCharge({ effectId, gatewayReferenceId: null }));

function retryOrGiveUp(
  message: ProcessPayment,
  run: EffectRun,
  { provider }: WatchedProvider,
  reason: string,
): EffectOutcome {
  if (run.attempt < TRANSPORT_ATTEMPTS) return again(TRANSPORT_BACKOFF_MS * 2 ** (run.attempt - 1), reason, true);
  const failure = {
    gatewayReferenceId: null,
    failureReason: 'network_error' as const,
    failureCode: null,
    failureMessage: reason,
    canRetry: true,
  };
  return {
    kind: 'done',
    emit: [failed(message, provider.name, failure)],
    record: {
      gatewayReferenceId: null,
      status: 'Pending',
      responseCode: 'network_error',
      responseMessage: reason,
      ...transactionBase(message, provider.name, 'unknown'),
    } satisfies Transaction,
  };
}

function settle(message: ProcessPayment | ReconcileCharge, at: WatchedProvider, outcome: Settled): EffectOutcome {
  const record = transactionOf(message, at, outcome);
  if (outcome.kind === 'declined') {
    const { kind: _, ...failure } = outcome;
    return { kind: 'done', emit: [failed(message, at.provider.name, failure)], record };
  }
  if (outcome.kind === 'authorized' && message.type === 'ProcessPayment' && message.data.captureImmediately) {
    throw new FatalError(
      'AUTHORIZED_ONLY',
      `${at.provider.name} held ${outcome.gatewayReferenceId} without charging it`,
    );
  }
  const { paymentId, attempt, idempotencyKey, amount } = message.data;
  const { gatewayReferenceId, responseCode, responseMessage } = outcome;
  const data = {
    paymentId,
    attempt,
    idempotencyKey,
    gateway: at.provider.name,
    gatewayReferenceId,
    amount,
    responseCode,
    responseMessage,
  };
  const type = outcome.kind === 'authorized' ? 'ChargeAuthorized' : 'ChargeSucceeded';
  return { kind: 'done', emit: [{ type, data }], record };
}

function failed(
  { data: { paymentId, attempt, idempotencyKey } }: ProcessPayment | ReconcileCharge,
  gateway: string,
  failure: Pick<
    FlowmartReceived<'ChargeFailed'>['data'],
    'gatewayReferenceId' | 'failureReason' | 'failureCode' | 'failureMessage' | 'canRetry'
  >,
) {
  return { type: 'ChargeFailed', data: { paymentId, attempt, idempotencyKey, gateway, ...failure } };
}

const transactionBase = (
  { id, data }: ProcessPayment | ReconcileCharge,
  gateway: string,
  kind: ChargeOutcome['kind'],
) => ({
  transactionId: deriveId(id, 'transaction'),
  paymentId: data.paymentId,
  type: typeOf(data, kind),
  gateway,
  idempotencyKey: data.idempotencyKey,
  amount: data.amount,
});

/** A charge that only authorises takes money by a capture, even by one that nobody here asked for. */
function typeOf(
  { captureImmediately }: ProcessPayment['data'] | ReconcileCharge['data'],
  kind: ChargeOutcome['kind'],
): Transaction['type'] {
  if (captureImmediately && kind !== 'authorized') return 'Sale';
  return kind === 'succeeded' ? 'Capture' : 'Authorize';
}

const transactionOf = (
  message: ProcessPayment | ReconcileCharge,
  { provider }: WatchedProvider,
  outcome: Settled,
): Transaction => ({
  gatewayReferenceId: outcome.gatewayReferenceId,
  ...transactionBase(message, provider.name, outcome.kind),
  ...(outcome.kind === 'declined'
    ? { status: 'Failure', responseCode: outcome.failureCode, responseMessage: outcome.failureMessage }
    : { status: 'Success', responseCode: outcome.responseCode, responseMessage: outcome.responseMessage }),
});
