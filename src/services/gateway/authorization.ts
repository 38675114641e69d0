import type { FlowmartReceived } from '../../../machines/index.js';
import { deriveId } from '../../../machines/shared/ids.js';
import { FatalError } from '../../runtime/errors.js';
import type { EffectOutcome, EffectRun } from '../../runtime/ports.js';
import type { WatchedProvider } from './providerRouting.js';
import type { CaptureOutcome, ChargeOutcome, NotFound, Unknown, VoidOutcome } from './providers/provider.js';
import { again, askUntilAnswered, backoff, outOfTime } from './runs.js';
import type { Transaction } from './transactions.js';

type CaptureCharge = FlowmartReceived<'CaptureCharge'>;
type VoidCharge = FlowmartReceived<'VoidCharge'>;
type Answer = Pick<Transaction, 'gatewayReferenceId' | 'status' | 'responseCode' | 'responseMessage'>;
type Approval = Pick<Extract<CaptureOutcome, { kind: 'captured' }>, 'responseCode' | 'responseMessage'>;

/** Takes the money of an authorised charge (P-15). It is asked for until the provider has answered, with growing pauses. */
export async function captureAuthorized(
  message: CaptureCharge,
  run: EffectRun,
  at: WatchedProvider,
): Promise<EffectOutcome> {
  const { idempotencyKey, gatewayReferenceId, amount } = message.data;
  const outcome = await askUntilAnswered<CaptureOutcome>(run, `${idempotencyKey}-capture`, {
    lookUp: async () => {
      const found = await lookUp(message, at);
      if (found.kind === 'succeeded') return { ...found, kind: 'captured' };
      if (found.kind === 'declined') return { ...found, kind: 'refused' };
      return found.kind === 'unknown' ? found : null;
    },
    ask: (key) =>
      at.health.watch(
        at.provider.capture({
          effectId: idempotencyKey,
          idempotencyKey: key,
          gatewayReferenceId,
          amount: amount.amount,
          currency: amount.currency,
        }),
      ),
  });
  switch (outcome.kind) {
    case 'late':
      return outOfTime(outcome.inDoubt);
    case 'unknown':
      return askAgain(run, outcome);
    case 'captured':
      return taken(message, outcome);
    case 'refused':
      return notCaptured(message, outcome);
  }
}

/**
 * Lets an authorised charge go (P-18, R-27), as persistently and carefully as money is captured. Money that turns out to
 * have been taken is told of as a charge, for it has to go back.
 * @throws FatalError when the provider keeps holding the money: a person must see to it
 */
export async function voidAuthorized(message: VoidCharge, run: EffectRun, at: WatchedProvider): Promise<EffectOutcome> {
  const { idempotencyKey, gatewayReferenceId } = message.data;
  const outcome = await askUntilAnswered<VoidOutcome | Known>(run, `${idempotencyKey}-void`, {
    lookUp: async () => {
      const known = whatBecameOf(message, run, await lookUp(message, at));
      return known && { kind: 'known', known };
    },
    ask: (key) =>
      at.health.watch(at.provider.void({ effectId: idempotencyKey, idempotencyKey: key, gatewayReferenceId })),
  });
  switch (outcome.kind) {
    case 'late':
      return outOfTime(outcome.inDoubt);
    case 'known':
      return outcome.known;
    case 'unknown':
      return askAgain(run, outcome);
    case 'voided':
      return letGo(message, outcome);
    case 'refused':
      return afterRefusal(message, run, at, outcome);
  }
}

/** A void whose end a look-up has shown. */
interface Known {
  readonly kind: 'known';
  readonly known: EffectOutcome;
}

async function afterRefusal(
  message: VoidCharge,
  run: EffectRun,
  at: WatchedProvider,
  { failureCode, failureMessage }: Extract<VoidOutcome, { kind: 'refused' }>,
): Promise<EffectOutcome> {
  if (run.expired()) return outOfTime(true);
  const known = whatBecameOf(message, run, await lookUp(message, at));
  if (known) return known;
  const { gatewayReferenceId } = message.data;
  throw new FatalError(
    'VOID_REFUSED',
    `${at.provider.name} does not void ${gatewayReferenceId}: ${failureCode}, ${failureMessage}`,
  );
}

/** The end of a void that a look-up shows; null while the money is held. */
function whatBecameOf(message: VoidCharge, run: EffectRun, found: ChargeOutcome | NotFound): EffectOutcome | null {
  switch (found.kind) {
    case 'unknown':
      return askAgain(run, found);
    case 'succeeded':
      return taken(message, found);
    case 'declined':
      return letGo(message, { responseCode: found.failureCode, responseMessage: found.failureMessage });
    default:
      return null;
  }
}

const lookUp = (
  { data: { idempotencyKey, gatewayReferenceId } }: CaptureCharge | VoidCharge,
  { provider, health }: WatchedProvider,
) => health.watch(provider.lookUpCharge({ effectId: idempotencyKey, gatewayReferenceId }));

const askAgain = (run: EffectRun, { message }: Unknown): EffectOutcome => again(backoff(run), message, true);

function taken(message: CaptureCharge | VoidCharge, { responseCode, responseMessage }: Approval): EffectOutcome {
  const { gatewayReferenceId } = message.data;
  return {
    kind: 'done',
    emit: [{ type: 'ChargeSucceeded', data: { ...message.data, responseCode, responseMessage } }],
    record: transaction(message, 'Capture', { gatewayReferenceId, status: 'Success', responseCode, responseMessage }),
  };
}

function notCaptured(
  message: CaptureCharge,
  { failureCode, failureMessage }: { readonly failureCode: string; readonly failureMessage: string },
): EffectOutcome {
  const { amount: _, ...charge } = message.data;
  const data = { ...charge, failureReason: 'other', failureCode, failureMessage, canRetry: false };
  return {
    kind: 'done',
    emit: [{ type: 'ChargeFailed', data }],
    record: transaction(message, 'Capture', {
      gatewayReferenceId: null,
      status: 'Failure',
      responseCode: failureCode,
      responseMessage: failureMessage,
    }),
  };
}

function letGo(message: VoidCharge, { responseCode, responseMessage }: Approval): EffectOutcome {
  const { paymentId, gateway, gatewayReferenceId, amount } = message.data;
  return {
    kind: 'done',
    emit: [{ type: 'ChargeVoided', data: { paymentId, gateway, gatewayReferenceId, amount } }],
    record: transaction(message, 'Void', { gatewayReferenceId, status: 'Success', responseCode, responseMessage }),
  };
}

const transaction = (
  { id, data }: CaptureCharge | VoidCharge,
  type: 'Capture' | 'Void',
  answer: Answer,
): Transaction => ({
  transactionId: deriveId(id, 'transaction'),
  paymentId: data.paymentId,
  type,
  gateway: data.gateway,
  idempotencyKey: data.idempotencyKey,
  amount: data.amount,
  ...answer,
});
