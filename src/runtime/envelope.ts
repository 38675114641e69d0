import { deriveId } from '../../machines/shared/ids.js';
import type { Outgoing } from '../../machines/shared/message.js';

/** A message with its envelope, as it lies in a mailbox. */
export interface Envelope extends Outgoing {
  readonly id: string;
  readonly source: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly clockId: string | null;
  /** The payload as JSON text, once somebody asked for it (`textOf`) or as it was stored. */
  text?: string | undefined;
}

/** A message's payload as JSON text; worked out once, however many receivers, journals and logs it is written to. */
export function textOf(message: Pick<Envelope, 'data' | 'text'>): string {
  message.text ??= JSON.stringify(message.data);
  return message.text;
}

/**
 * Puts an outgoing message into its envelope; the id follows from the causing message, the sender and the position, so that
 * a drain that is rolled back and run again sends the same message, not another one.
 */
export function envelope(
  outgoing: Outgoing,
  cause: Envelope,
  sender: { recipient: string; actorId: string },
  position: number,
): Envelope {
  return {
    type: outgoing.type,
    data: outgoing.data,
    id: deriveId(cause.id, `${sender.recipient}/${sender.actorId}/${position}`),
    source: `/${sender.recipient}/${sender.actorId}`,
    correlationId: cause.correlationId,
    causationId: cause.id,
    clockId: cause.clockId,
    text: undefined,
  };
}
