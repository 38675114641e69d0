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

/** The id of a request's message: a request that is repeated repeats its message. */
export const messageIdOf = ({ resourceId }: Pick<Call, 'resourceId'>, type: MessageName): string =>
  deriveId(resourceId, type);

/**
 * Gives a command of a request to its actor or handler, under an id that follows from the request, and answers what it did; one that has to wait
 * makes a 202 of the answer.
 * @param rule what holds for the command in a state that takes it, for whoever breaks it
 * @throws HttpProblem with the domain's code when it was refused, CONFLICT_ERROR when the actor's state does not take it
 */
export async function send<N extends MessageName>(
  { db, acceptor }: CommandPort,
  call: Pick<Call, 'resourceId' | 'correlationId' | 'repeated' | 'isWaiting'>,
  actorId: string,
  type: N,
  data: MessageData<N>,
  rule?: string,
): Promise<Accepted> {
  const id = messageIdOf(call, type);
  const accepted = await acceptor.accept({ type, data, id, correlationId: call.correlationId });
  // It waits in the mailbox behind one that is being retried, and is done when that is.
  if (accepted.outcome === 'deferred') call.isWaiting = true;
  if (accepted.refusal) throw refusal(accepted.refusal, whereItIs(accepted));
  if (accepted.outcome === 'ignored' && !(call.repeated && (await wasApplied(db, actorId, id)))) {
    const isTaken = accepted.allowedEvents.includes(type);
    const why = (isTaken ? rule : null) ?? accepted.reason ?? 'The current state does not allow this.';
    throw problem('CONFLICT_ERROR', why, whereItIs(accepted));
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
