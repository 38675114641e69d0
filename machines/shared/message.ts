import type { z } from 'zod';

/** Whether a message asks one service to do something, or tells every subscriber that something happened. */
export type Intent = 'command' | 'event';

/** One entry of the message catalogue: its intent, who may see it, the semantic version of its payload, and the schema that is its single source. */
export interface MessageType<S extends z.ZodType = z.ZodType> {
  readonly intent: Intent;
  /** Public events are a promise to other systems (they reach a Redis Stream); private ones stay between our services. */
  readonly visibility: 'public' | 'private';
  readonly version: string;
  readonly summary: string;
  readonly schema: S;
  /** Fields that only FlowMart's own services get: a public event reaches its stream without them (invariant 10). */
  readonly personal?: readonly string[];
}

/** Declares a public event: past tense, appended to its channel's stream, without the fields that are personal. */
export const event = <S extends z.ZodType>(
  version: string,
  summary: string,
  schema: S,
  personal: readonly (keyof z.infer<S> & string)[] = [],
): MessageType<S> => ({
  intent: 'event',
  visibility: 'public',
  version,
  summary,
  schema,
  personal,
});

/** Declares an event that only FlowMart's own services see. */
export const privateEvent = <S extends z.ZodType>(version: string, summary: string, schema: S): MessageType<S> => ({
  intent: 'event',
  visibility: 'private',
  version,
  summary,
  schema,
});

/** Declares a command: imperative, addressed to exactly one service. */
export const command = <S extends z.ZodType>(version: string, summary: string, schema: S): MessageType<S> => ({
  intent: 'command',
  visibility: 'private',
  version,
  summary,
  schema,
});

/** The payload of a message type. */
export type DataOf<T extends MessageType> = z.infer<T['schema']>;

/** A message that a machine or a handler wants sent; the runtime adds the envelope. */
export interface Outgoing<N extends string = string, D = unknown> {
  readonly type: N;
  readonly data: D;
}

/** The union of outgoing messages that a set of message types allows. */
export type OutgoingOf<C extends Record<string, MessageType>> = {
  [N in keyof C & string]: Outgoing<N, DataOf<C[N]>>;
}[keyof C & string];

/** A message as a machine or a handler receives it: payload, identity, and the instant at which it is being handled. */
export interface Received<N extends string = string, D = unknown> extends Outgoing<N, D> {
  /** UUIDv7 of the message. */
  readonly id: string;
  /** The instant of the drain that handles it (UTC ISO 8601): the only clock a machine may read. */
  readonly at: string;
  /** The customer's request that everything descends from. */
  readonly correlationId: string;
}

/** The union of received messages that a set of message types allows: the events of a machine. */
export type ReceivedOf<C extends Record<string, MessageType>> = {
  [N in keyof C & string]: Received<N, DataOf<C[N]>>;
}[keyof C & string];
