import { expect } from 'chai';
import { type GoldenJournal, readGolden } from '../../scripts/golden/journals.js';
import { readStateBook, type StateList, statesOf } from '../../scripts/golden/states.js';
import { fold } from '../../src/runtime/fold.js';
import { restore } from '../../src/runtime/lifecycle.js';
import type { Actor, Snapshot } from '../../src/runtime/ports.js';
import { actors } from '../../src/services/registry.js';

const help = 'docs/machineVersions.md says what to do';

/** What is wrong with a machine's states, given those that its version is known to have. */
function stateProblems(recipient: string, { machine, version }: Actor, known: StateList): string[] {
  const present = statesOf(machine);
  return [
    ...Object.keys(known)
      .filter((state) => !present.includes(state))
      .map((state) => `${recipient} v${version} has lost the state ${state}, in which actors may be stored: ${help}`),
    ...present
      .filter((state) => !(state in known))
      .map(
        (state) => `${recipient} v${version} has a new state ${state}, which no process of that version knows: ${help}`,
      ),
  ];
}

/** What is wrong with an actor of an older version after its migrations. */
function liftProblems(recipient: string, actor: Actor, from: number, state: string, snapshot: Snapshot): string[] {
  const name = `${recipient} v${from} in ${state}`;
  try {
    const lifted = restore(actor, { version: 1, machineVersion: from, snapshot });
    return Object.keys(lifted.armed)
      .filter((timer) => !actor.machine.events.includes(timer))
      .map((timer) => `${name} has armed ${timer}, which v${actor.version} does not take: ${help}`);
  } catch (error) {
    return [`${name} cannot be lifted to v${actor.version}: ${(error as Error).message}; ${help}`];
  }
}

/** A journal that does not fold to what it did. */
function foldProblems(actor: Actor, { story, rows, snapshot, emitted }: GoldenJournal): string[] {
  try {
    const folded = fold(actor, rows);
    expect(JSON.parse(JSON.stringify(folded?.snapshot)), `the snapshot of ${story}`).to.deep.equal(snapshot);
    expect(JSON.parse(JSON.stringify(folded?.emitted)), `the messages of ${story}`).to.deep.equal(emitted);
    return [];
  } catch (error) {
    return [`${story}: ${(error as Error).message}; ${help}`];
  }
}

const book = readStateBook();

for (const [recipient, actor] of Object.entries<Actor>(actors)) {
  describe(`${recipient}, version ${actor.version}`, () => {
    const versions: Readonly<Record<string, StateList>> = book[recipient] ?? {};
    const states = versions[actor.version] ?? {};

    it('has the states that it is known to have, no other', () => {
      expect(stateProblems(recipient, actor, states)).to.deep.equal([]);
    });

    it('folds every kept journal to the snapshot and the messages that it gave then', () => {
      const problems = readGolden(recipient, actor.version).flatMap((journal) => foldProblems(actor, journal));
      expect(problems).to.deep.equal([]);
    });

    it('finds every timer that a stored actor may have armed, and every actor of an older version', () => {
      for (const [version, list] of Object.entries(versions))
        for (const [state, example] of Object.entries(list))
          if (example) expect(liftProblems(recipient, actor, Number(version), state, example)).to.deep.equal([]);
    });
  });
}

describe('the check of machine versions', () => {
  const { order } = actors;
  const known = book.order?.['1'] ?? {};

  it('has an example of every state that can be stored, and journals of every machine', () => {
    for (const [recipient, { version }] of Object.entries<Actor>(actors)) {
      const list = book[recipient]?.[String(version)] ?? {};
      expect(Object.keys(list)).to.have.length.above(3);
      expect(readGolden(recipient, version)).to.have.length.above(5);
      expect(Object.entries(list).flatMap(([state, example]) => (example ? [] : [state]))).to.deep.equal([]);
    }
  });

  it('refuses a machine that has lost a state, and says what to do', () => {
    expect(stateProblems('order', order, { ...known, 'confirmed.waiting': null })).to.deep.equal([
      'order v1 has lost the state confirmed.waiting, in which actors may be stored: docs/machineVersions.md says what to do',
    ]);
  });

  it('refuses a machine that has a new state at its old version', () => {
    const { delivered: _, ...before } = known;
    expect(stateProblems('order', order, before)).to.have.length(1);
  });

  it('refuses a new version without a migration for a state that is gone', () => {
    const next = { ...order, version: 2 };
    const example = { ...(known.delivered as Snapshot), value: 'handedOver' };
    expect(liftProblems('order', next, 1, 'handedOver', example)[0]).to.match(
      /cannot be lifted to v2: machine order v2 has no state/,
    );
    const migrations = { 1: (snapshot: Snapshot): Snapshot => ({ ...snapshot, value: 'delivered' }) };
    expect(liftProblems('order', { ...next, migrations }, 1, 'handedOver', example)).to.deep.equal([]);
  });

  it('refuses a new version that does not take a timer which is armed', () => {
    const waiting = known['confirmed.paymentRetry'] as Snapshot;
    const [timer, visit] = Object.entries(waiting.armed)[0] as [string, number];
    const example = { ...waiting, armed: { [`${timer}Ever`]: visit } };
    expect(liftProblems('order', order, 1, 'confirmed.paymentRetry', example)[0]).to.match(
      /Ever, which v1 does not take/,
    );
  });

  const changed = [
    { recipient: 'order', guard: 'paysTheTotal' },
    { recipient: 'subscription', guard: 'failsLastRetry' },
    { recipient: 'subscription', guard: 'acceptsPause' },
    { recipient: 'invoice', guard: 'isLastRefund' },
  ] as const;
  for (const { recipient, guard } of changed) {
    it(`refuses a machine that folds a kept journal to something else: ${recipient}, ${guard}`, () => {
      const actor = actors[recipient];
      const machine = actor.machine.provide({ guards: { [guard]: () => false } } as never);
      const problems = readGolden(recipient, 1).flatMap((journal) => foldProblems({ ...actor, machine }, journal));
      expect(problems[0]).to.match(/docs\/machineVersions\.md says what to do$/);
    });
  }
});
