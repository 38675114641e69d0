import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Effect, EffectOutcome, EffectRun, Trx } from '../../runtime/ports.js';
import { captureAuthorized, voidAuthorized } from './authorization.js';
import { charge, reconcile, refuseUnapproved } from './charge.js';
import { ProviderRouting, type ProviderRoutingOptions } from './providerRouting.js';
import { refund } from './refund.js';
import { findRoutes, routeCharges } from './routes.js';
import { recordTransactions, type Transaction } from './transactions.js';

type GatewayMessage = FlowmartReceived<MessagesFor<'gateway'>>;

/** What a run needs to know of the database. */
interface Prepared {
  /** The provider that the money went to or goes to; null when a charge was never sent anywhere. */
  readonly gateway: string | null;
  readonly approved: boolean;
}

export interface GatewayOptions extends ProviderRoutingOptions {
  /** Answers which of these payments Fraud Detection or a reviewer has approved (C-66). */
  readonly approvals: (trx: Trx, paymentIds: readonly string[]) => Promise<ReadonlySet<string>>;
  /** How long one run may take (ms); a dead process' charge is looked up after it. */
  readonly leaseMs?: number;
}

/**
 * The Payment Gateway: charges, captures, voids, refunds, and finds out what became of charges. A charge is made only with a stored approval
 * (C-66), goes to one provider for good, and is never asked for again before its outcome was looked up (invariant 5).
 */
export function createGateway(options: GatewayOptions): Effect<MessagesFor<'gateway'>> {
  const routing = new ProviderRouting(options);
  return {
    kind: 'effect',
    leaseMs: options.leaseMs ?? 6_000,
    prepare: (trx: Trx, messages: readonly GatewayMessage[]) => prepare(trx, messages, routing, options.approvals),
    run: (message: GatewayMessage, run: EffectRun, prepared) => serve(message, run, prepared as Prepared, routing),
    finish: (trx, settled) =>
      recordTransactions(
        trx,
        settled.flatMap(({ record }) => (record ? [record as Transaction] : [])),
      ),
  };
}

async function prepare(
  trx: Trx,
  messages: readonly GatewayMessage[],
  routing: ProviderRouting,
  approvals: GatewayOptions['approvals'],
): Promise<Prepared[]> {
  const charges = messages.flatMap((message) => (message.type === 'ProcessPayment' ? [message.data] : []));
  const approved =
    charges.length > 0
      ? await approvals(
          trx,
          charges.map((data) => data.paymentId),
        )
      : new Set();
  const routes = await routeCharges(
    trx,
    charges.filter((data) => approved.has(data.paymentId)),
    routing.forNewCharge(),
  );
  const known = await findRoutes(
    trx,
    messages.flatMap((message) => (message.type === 'ReconcileCharge' ? [message.data] : [])),
  );
  return messages.map(({ data }) => {
    if ('gateway' in data) return { gateway: data.gateway, approved: true };
    const { idempotencyKey, paymentId } = data;
    return {
      gateway: routes.get(idempotencyKey) ?? known.get(idempotencyKey) ?? null,
      approved: approved.has(paymentId),
    };
  });
}

async function serve(
  message: GatewayMessage,
  run: EffectRun,
  { gateway, approved }: Prepared,
  routing: ProviderRouting,
): Promise<EffectOutcome> {
  if (message.type === 'ProcessPayment' && !approved) return refuseUnapproved(message, run, routing.forNewCharge());
  if (gateway === null) return { kind: 'done', emit: [] };
  const provider = routing.named(gateway);
  switch (message.type) {
    case 'ProcessPayment':
      return charge(message, run, provider);
    case 'ReconcileCharge':
      return reconcile(message, run, provider);
    case 'CaptureCharge':
      return captureAuthorized(message, run, provider);
    case 'VoidCharge':
      return voidAuthorized(message, run, provider);
    case 'RefundCharge':
      return refund(message, run, provider);
  }
}
