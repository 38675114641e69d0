import { type Kysely, sql } from 'kysely';
import { type MessageData, type MessageName, messages } from '../../machines/index.js';
import { deriveId } from '../../machines/shared/ids.js';
import type { Database } from '../db/tables.js';
import type { Accepted, Acceptor } from '../runtime/accept.js';
import { problem, refusal } from './problem.js';
import type { Call } from './route.js';

/** What sending a command needs. */
export interface CommandPort {
  readonly db: Kysely<Database>;
  readonly acceptor: Acceptor;
}

/**
 * Gives a command of a request to its actor or handler, under an id that follows from the request, and answers what it did.
 * @throws HttpProblem with the domain's code when it was refused, CONFLICT_ERROR when the actor's state does not take it
 */
export async function send<N extends MessageName>(
  { db, acceptor }: CommandPort,
  call: Pick<Call, 'resourceId' | 'correlationId' | 'repeated'>,
  actorId: string,
  type: N,
  data: MessageData<N>,
): Promise<Accepted> {
  const id = deriveId(call.resourceId, type);
  const accepted = await acceptor.accept({ type, data, id, correlationId: call.correlationId });
  if (accepted.refusal) throw refusal(accepted.refusal, whereItIs(accepted));
  if (accepted.outcome === 'ignored' && !(call.repeated && (await wasApplied(db, actorId, id)))) {
    throw problem('CONFLICT_ERROR', accepted.reason ?? 'The current state does not allow this.', whereItIs(accepted));
  }
  return accepted;
}

/** Where the actor is, and which commands it takes there; the events it also takes come from its partners, not from clients. */
function whereItIs({ state, allowedEvents }: Accepted) {
  if (state === null) return {};
  return {
    currentState: state,
    allowedEvents: allowedEvents.filter((type) => messages[type as MessageName]?.intent === 'command'),
  };
}

/** Whether the first request under the key did the work before it was cut off. */
async function wasApplied(db: Kysely<Database>, actorId: string, messageId: string): Promise<boolean> {
  const { rows } = await sql`
    select from runtime.journal
    where actor_id = ${actorId} and message_id = ${messageId} and outcome in ('applied', 'handled') limit 1`.execute(
    db,
  );
  return rows.length > 0;
}
