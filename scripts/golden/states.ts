import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Snapshot } from '../../src/runtime/ports.js';
import { goldenFolder } from './journals.js';

/** The states of one version of a machine in which an actor may be stored, each with an example, or null while none was seen. */
export type StateList = Record<string, Snapshot | null>;

/** By recipient, then by machine version. */
export type StateBook = Record<string, Record<string, StateList>>;

const fileIn = (folder: string) => join(folder, 'states.json');

export const readStateBook = (folder = goldenFolder): StateBook =>
  JSON.parse(readFileSync(fileIn(folder), 'utf8')) as StateBook;

export function writeStateBook(book: StateBook, folder = goldenFolder): void {
  const lines = Object.entries(book).map(([recipient, versions]) => {
    const lists = Object.entries(versions).map(([version, list]) => {
      const states = Object.entries(list).map(
        ([state, example]) => `      ${JSON.stringify(state)}: ${JSON.stringify(example)}`,
      );
      return `    ${JSON.stringify(version)}: {\n${states.join(',\n')}\n    }`;
    });
    return `  ${JSON.stringify(recipient)}: {\n${lists.join(',\n')}\n  }`;
  });
  writeFileSync(fileIn(folder), `{\n${lines.join(',\n')}\n}\n`);
}

/** Every state of a machine in which an actor may rest, as a dotted path. */
export function statesOf(machine: AnyStateMachine): string[] {
  const leaves = (node: AnyStateNode): AnyStateNode[] => {
    const inner = Object.values(node.states);
    return inner.length === 0 ? [node] : inner.flatMap(leaves);
  };
  return (
    leaves(machine.root)
      // A state that is always left in the step that enters it is never stored.
      .filter((node) => !node.always?.some(({ guard }) => guard === undefined))
      .map((node) => node.path.join('.'))
      .sort()
  );
}
