/** A safeguard, taken away by one replacement in one file, and the test that must fail then. */
export interface Mutant {
  /** What is taken away. */
  readonly name: string;
  readonly file: string;
  /** Text that is in the file exactly once. */
  readonly from: string;
  readonly to: string;
  readonly test: { readonly file: string; readonly title: string };
}

const runtime = (name: string) => `src/runtime/${name}.ts`;
const test = (file: string, title: string): Mutant['test'] => ({ file: `test/${file}.test.ts`, title });

/** Every safeguard that a promise of the engine hangs on. */
export const mutants: readonly Mutant[] = [
  {
    name: 'a message is consumed by deleting its row',
    file: runtime('writes'),
    from: 'with consumed as (delete from runtime.mailbox where',
    to: 'with consumed as (update runtime.mailbox set wake_at = wake_at where',
    test: test('runtime/drain', 'consumes a message by deleting its row, so that a second delivery finds nothing'),
  },
  {
    name: 'a drain locks its actors',
    file: runtime('store'),
    from: 'count(pg_advisory_xact_lock(k))',
    to: 'count(k)',
    test: test('runtime/drain', 'waits until that one is done before it even looks'),
  },
  {
    name: 'locks are taken in one order',
    file: runtime('store'),
    from: '.sort((a, b) => (a < b ? -1 : 1))',
    to: '',
    test: test('runtime/drain', 'locks in one order, whatever the order in which it is asked'),
  },
  {
    name: 'an actor is written only at the version it was read at',
    file: runtime('writes'),
    from: 'where a.id = u.id and a.version = u.before',
    to: 'where a.id = u.id',
    test: test('runtime/drain', 'does not write over what somebody has written without the lock'),
  },
  {
    name: 'a message’s id follows from its cause',
    file: runtime('envelope'),
    from: 'id: deriveId(cause.id,',
    to: 'id: deriveId(crypto.randomUUID(),',
    test: test('runtime/envelope', 'has the same id again when a drain is rolled back and run again'),
  },
  {
    name: 'a state defers what a later one takes',
    file: runtime('lifecycle'),
    from: "if (state.node.defers.has(received.type)) return { outcome: 'deferred' };",
    to: '',
    test: test('runtime/drain', 'defers what a later state takes, in order, and retries it after the next transition'),
  },
  {
    name: 'a message in backoff holds up what was sent after it',
    file: runtime('drain'),
    from: 'if (pending.taken?.heldUntil) {',
    to: 'if (pending.taken === undefined) {',
    test: test('runtime/poison', 'is not tried again, however often its mailbox is drained'),
  },
  {
    name: 'a message that throws fails alone',
    file: runtime('lane'),
    from: 'if (isTransient(error)) throw error;',
    to: 'throw error;',
    test: test('runtime/deadLetters', 'finds the one whose handler fails the transaction, by halving the group'),
  },
  {
    name: 'the sweeper wakes what nobody fetched',
    file: runtime('sweeper'),
    from: 'where not deferred and wake_at <= (select clock_timestamp())',
    to: 'where false and wake_at <= (select clock_timestamp())',
    test: test('runtime/sweeper', 'hands a message that nobody fetched to its queue again'),
  },
  {
    name: 'the database’s clock says what is due',
    file: runtime('sweeper'),
    from: 'due_at <= (select clock_timestamp())',
    to: `due_at <= \${new Date()}::timestamptz`,
    test: test('runtime/timers', 'is neither set nor fired early by a process whose clock is fast'),
  },
  {
    name: 'a timer carries the visit that set it',
    file: runtime('lifecycle'),
    from: 'if (armed[received.type] !== visit) return',
    to: 'if (visit === undefined) return',
    test: test(
      'runtime/timers',
      'of an earlier visit, already on its way when its state is entered anew, does nothing',
    ),
  },
  {
    name: 'an actor of a newer version is left alone',
    file: runtime('lifecycle'),
    from: 'if (stored.machineVersion > actor.version) throw',
    to: 'if (stored.machineVersion < 0) throw',
    test: test('runtime/versions', 'stops the lifted actor in an old process with a clear error, and nobody else'),
  },
  {
    name: 'a drain takes along only those whom nobody else is at',
    file: runtime('store'),
    from: 'where not pg_try_advisory_xact_lock(k)',
    to: 'where false',
    test: test(
      'runtime/alongside',
      'leaves a receiver alone whom somebody else is at; the message waits in its mailbox',
    ),
  },
  {
    name: 'a handler is given nothing along while its mailbox holds something',
    file: runtime('drain'),
    from: 'if (waiting.has(keyOf(key))) continue;',
    to: '',
    test: test('runtime/alongside', 'gives a handler nothing along while something waits in its mailbox'),
  },
  {
    name: 'a command to an effect is stored as claimed, in doubt',
    file: runtime('writes'),
    from: "lease_ms * interval '1 millisecond', 1, true",
    to: "lease_ms * interval '1 millisecond', 1, false",
    test: test('runtime/alongside', 'leaves a claim whose process died to whoever finds it abandoned'),
  },
  {
    name: 'a claim keeps others off for as long as its lease',
    file: runtime('claims'),
    from: '(m.lease_until is null or m.lease_until < clock_timestamp())',
    to: 'true',
    test: test('runtime/effects', 'is left alone until the claim is over'),
  },
  {
    name: 'a claim leaves its effect in doubt',
    file: runtime('claims'),
    from: 'in_doubt = true, lease_until',
    to: 'in_doubt = false, lease_until',
    test: test('runtime/effects', 'is looked up then, and not repeated when it has happened'),
  },
  {
    name: 'only the holder of a claim settles it',
    file: runtime('claims'),
    from: 'where m.seq = u.seq and m.attempts = u.attempts',
    to: 'where m.seq = u.seq',
    test: test('runtime/effects', 'settles nothing even while the other is not done'),
  },
  {
    name: 'an effect of unknown outcome is looked up before it is asked for again',
    file: 'src/services/gateway/charge.ts',
    from: 'if (run.lookUp || data.outcomeUnknown) {',
    to: 'if (data.outcomeUnknown) {',
    test: test('services/gateway/gateway', 'looks up first when a process died in the middle of a call'),
  },
  {
    name: 'no call begins when its claim has run out',
    file: 'src/services/gateway/charge.ts',
    from: 'if (run.expired()) return outOfTime(run.lookUp);',
    to: '',
    test: test('services/gateway/gateway', 'does not call when the claim has run out'),
  },
  {
    name: 'a charge carries its idempotency key',
    file: 'src/services/gateway/providers/stripe.ts',
    from: 'metadata: { ...request.metadata, effectId: request.effectId },\n      },\n      { idempotencyKey },',
    to: 'metadata: { ...request.metadata, effectId: request.effectId },\n      },\n      {},',
    test: test('services/gateway/stripe', 'charges once although search has not seen the first charge yet'),
  },
  {
    name: 'a charge needs a stored approval',
    file: 'src/services/gateway/gateway.ts',
    from: "if (message.type === 'ProcessPayment' && !approved)",
    to: "if (message.type === 'ProcessPayment' && approved === undefined)",
    test: test('services/gateway/gateway', 'refuses for good after a few moments, and calls nobody'),
  },
  {
    name: 'stock is held only as far as there is some',
    file: 'src/services/inventory/allocate.ts',
    from: 'if (missing > 0) shortages.push',
    to: 'if (missing > quantity) shortages.push',
    test: test('services/inventory/stock', 'holds nothing when one line is short, and names the first short one'),
  },
  {
    name: 'a request claims its idempotency key before its work',
    file: 'src/http/idempotency.ts',
    from: 'where k.claimed_at < now()',
    to: 'where true or k.claimed_at < now()',
    test: test('http/idempotency', 'do the work of requests that come at the same moment once'),
  },
  {
    name: 'events are published only when none can come before them any more',
    file: runtime('publisher'),
    from: ' and e.xid < pg_snapshot_xmin(pg_current_snapshot())',
    to: '',
    test: test(
      'runtime/publisher',
      'skips no event of a transaction that commits late, and publishes nothing ahead of it',
    ),
  },
  {
    name: 'one process publishes at a time',
    file: runtime('publisher'),
    from: ' for update skip locked',
    to: '',
    test: test('runtime/publisher', 'leaves the work to the one that holds the cursor'),
  },
  {
    name: 'a stream is trimmed behind its slowest group',
    file: 'queues/streams.ts',
    from: 'Math.min(position, await neededFrom(redis, key))',
    to: 'position',
    test: test('queues/streams', 'keeps what a group has not been given yet'),
  },
  {
    name: 'no event gets into a stream ahead of one that was refused',
    file: 'queues/streams.ts',
    from: 'then return reply end',
    to: 'then reply = reply end',
    test: test('queues/streams', 'takes none behind one that was refused'),
  },
  {
    name: 'outcomes of outside calls are stored before whatever else waits',
    file: runtime('lane'),
    from: "{ kind: 'settle', settlement }, true)",
    to: "{ kind: 'settle', settlement })",
    test: test(
      'runtime/effects',
      'has its outcome stored before anything else that waits, since its claim lasts only so long',
    ),
  },
  {
    name: 'an event that a stream holds already is the same one',
    file: 'queues/streams.ts',
    from: 'attributesOf(entry[1]).id === event.id',
    to: 'attributesOf(entry[1]).type === event.type',
    test: test('queues/streams', 'says so when it holds somebody else’s, instead of losing ours'),
  },
  {
    name: 'what is personal stays out of the event log',
    file: 'src/runtime/outbox.ts',
    from: 'const data = routing.publicData(sent.type, sent.data);',
    to: 'const data = sent.data;',
    test: test('runtime/drain', 'logs no more of a public event than the outside may see'),
  },
  {
    name: 'a test clock stands still while somebody lives by it',
    file: runtime('clockTime'),
    from: ' for share',
    to: '',
    test: test('runtime/clocks', 'does not move while a command is on its way to one of its actors'),
  },
];
