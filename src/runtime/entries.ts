import type { StateValue } from 'xstate';
import { deriveId } from '../../machines/shared/ids.js';
import type { ActorWork, Pending } from './actorWork.js';
import type { Envelope } from './envelope.js';
import { checkpoint } from './fold.js';
import { type Living, statePath } from './lifecycle.js';
import type { Handled } from './ports.js';
import type { Key } from './store.js';
import type { Entry } from './writes.js';

/** The journal's entry for a message that an actor applied or ignored (invariant 7). */
export function actorEntry(
  { recipient, actorId, actor }: ActorWork,
  { message, taken }: Pending,
  step: {
    readonly before: Living | null;
    readonly after: Living | null;
    readonly outcome: 'applied' | 'ignored';
    readonly reason: string | null;
    readonly at: string;
  },
): Entry {
  const { before, after, outcome, reason, at } = step;
  return {
    seq: taken?.seq ?? null,
    recipient,
    actorId,
    message,
    version: after ? after.version : null,
    machineVersion: actor.version,
    before: before?.state.node.path ?? null,
    after: after?.state.node.path ?? null,
    outcome,
    reason,
    at,
  };
}

/** The journal's entry for a message that a handler handled or refused. */
export const handlerEntry = (key: Key, { message, taken }: Pending, { refuse }: Handled, at: string): Entry => ({
  seq: taken?.seq ?? null,
  recipient: key.recipient,
  actorId: key.actorId,
  message,
  version: null,
  machineVersion: null,
  before: null,
  after: null,
  outcome: refuse ? 'refused' : 'handled',
  reason: refuse?.message ?? null,
  at,
});

/** What an actor was, as an entry of its own, where its journal before cannot tell it any more (fold.ts); null where it can. */
export function checkpointEntry(work: ActorWork, cause: Envelope, at: string): Entry | null {
  const stored = work.checkpoint();
  const living = work.living();
  if (!stored || !living) return null;
  return {
    seq: null,
    recipient: work.recipient,
    actorId: work.actorId,
    message: {
      ...cause,
      type: checkpoint,
      data: stored.snapshot,
      text: undefined,
      id: deriveId(cause.id, checkpoint),
      causationId: cause.id,
    },
    version: stored.version,
    machineVersion: stored.machineVersion,
    before: statePath(stored.snapshot.value as StateValue),
    after: living.state.node.path,
    outcome: 'checkpoint',
    reason: null,
    at,
  };
}
