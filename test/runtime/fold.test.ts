import { expect } from 'chai';
import fc from 'fast-check';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { fold, type JournalRow } from '../../src/runtime/fold.js';
import { create, type Living, receive, restore, type Step, toSnapshot } from '../../src/runtime/lifecycle.js';
import { timerPrefix } from '../../src/runtime/turn.js';
import { player } from './player.js';

const uuid = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const restTimer = `${timerPrefix}rest.player.resting`;

/** What may happen to a player; a timer comes from its present visit or from any earlier one. */
const happening: fc.Arbitrary<Outgoing> = fc.oneof(
  fc.record({ type: fc.constantFrom('Wake', 'Judge', 'Verdict', 'Join'), data: fc.constant({ to: 'me' }) }),
  fc.record({ type: fc.constant('Ball'), data: fc.record({ to: fc.constant('me'), left: fc.nat(3) }) }),
  fc.record({ type: fc.constant('Rest'), data: fc.record({ to: fc.constant('me'), ms: fc.nat(9) }) }),
  fc.record({ type: fc.constantFrom('Note', 'Heard'), data: fc.record({ to: fc.constant('me'), text: fc.string() }) }),
  fc.record({ type: fc.constant(restTimer), data: fc.record({ visit: fc.nat(20) }) }),
);

/** Lives through messages as an actor does, from one drain to the next, and keeps its journal. */
function live(happenings: readonly Outgoing[]) {
  const journal: JournalRow[] = [];
  const emitted: Outgoing[] = [];
  const take = (step: Step, message: Received): Living | null => {
    if (step.outcome !== 'applied') return null;
    emitted.push(...step.emitted);
    journal.push({ ...message, messageId: message.id, version: step.next.version, machineVersion: 1 });
    // Stored and read again, as between two drains.
    const snapshot = JSON.parse(JSON.stringify(toSnapshot(step.next)));
    return restore(player, { version: step.next.version, machineVersion: 1, snapshot });
  };
  const toMessage = (outgoing: Outgoing, n: number): Received => ({
    ...outgoing,
    id: uuid(n),
    at: new Date(n * 1000).toISOString(),
    correlationId: uuid(0),
  });
  const join = toMessage({ type: 'Join', data: { id: 'me', partner: 'you' } }, 0);
  let living = take(create(player, join), join) as Living;
  for (const [index, outgoing] of happenings.entries()) {
    const message = toMessage(outgoing, index + 1);
    living = take(receive(living, message), message) ?? living;
  }
  return { journal, emitted, living };
}

describe('folding a journal (invariant 7)', () => {
  it('gives the living actor’s snapshot, version and messages, whatever happened to it', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
        const { journal, emitted, living } = live(happenings);
        const folded = fold(player, journal);
        expect(folded?.snapshot).to.deep.equal(toSnapshot(living));
        expect(folded?.version).to.equal(living.version);
        expect(folded?.emitted).to.deep.equal(emitted);
      }),
      { numRuns: 300 },
    );
  });

  it('numbers the versions from 1 without gaps', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
        const { journal } = live(happenings);
        expect(journal.map((row) => row.version)).to.deep.equal(journal.map((_, index) => index + 1));
      }),
    );
  });

  it('gives nothing for an actor that nothing happened to', () => {
    expect(fold(player, [])).to.equal(null);
  });

  describe('says which row is at fault', () => {
    const { journal } = live([
      { type: 'Note', data: { to: 'me', text: 'a' } },
      { type: 'Rest', data: { to: 'me', ms: 5 } },
      { type: restTimer, data: { visit: 3 } },
    ]);

    it('when a row is missing', () => {
      const torn = journal.filter((row) => row.version !== 2);
      expect(() => fold(player, torn)).to.throw('version 3 follows version 1');
    });

    it('when the machine does not take a message any more', () => {
      const changed = journal.map((row) => (row.version === 2 ? { ...row, type: 'Wake' } : row));
      expect(() => fold(player, changed)).to.throw('version 2: Wake was applied then and is ignored now');
    });

    it('when a timer belongs to another visit', () => {
      const changed = journal.map((row) => (row.version === 4 ? { ...row, data: { visit: 2 } } : row));
      expect(() => fold(player, changed)).to.throw('version 4: xstate.after.rest.player.resting was applied then');
    });
  });
});
