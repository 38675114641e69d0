import { ActorWork } from './actorWork.js';
import type { Envelope } from './envelope.js';
import { toSnapshot } from './lifecycle.js';
import type { Handled } from './ports.js';
import type { Key } from './store.js';
import type { DirectResult, Unit } from './work.js';

/** What the direct messages of one drain did, for whoever waits to hear it. */
export class Answers {
  readonly #awaited: ReadonlySet<string>;
  /** By message id. */
  readonly given = new Map<string, DirectResult>();

  constructor(units: readonly Unit[]) {
    this.#awaited = new Set(units.flatMap(({ direct }) => direct?.id ?? []));
  }

  /** Notes what a message did to an actor, which is then in the state that it is in now; or that it waits in a mailbox. */
  give(key: Key, { id }: Envelope, said: Pick<DirectResult, 'outcome' | 'reason'>): void {
    if (!this.#awaited.has(id)) return;
    const living = key instanceof ActorWork ? key.living() : null;
    this.given.set(id, {
      state: living?.state.node.path ?? null,
      version: living?.version ?? null,
      snapshot: living && toSnapshot(living),
      allowedEvents: living ? living.state.node.events : [],
      refusal: null,
      answer: undefined,
      ...said,
    });
  }

  /** Notes what a handler did with a message. */
  giveHandled({ id }: Envelope, { refuse, answer }: Handled): void {
    if (!this.#awaited.has(id)) return;
    this.given.set(id, {
      outcome: refuse ? 'refused' : 'applied',
      state: null,
      version: null,
      snapshot: null,
      allowedEvents: [],
      reason: refuse?.message ?? null,
      refusal: refuse ?? null,
      answer,
    });
  }
}
