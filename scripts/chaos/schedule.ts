import { seededRandom } from '../dev/seededRandom.js';
import { between, Deck } from './deck.js';
import { drawFault, type Fault, type FaultKind, shares } from './faults.js';

/** A fault and when it strikes, in ms from the beginning. */
export interface Planned {
  readonly at: number;
  readonly fault: Fault;
}

/** From one fault to the next (ms). */
const pauseMs = [1_000, 5_000] as const;

/** What strikes when within `seconds`: follows from the seed alone, and a longer run begins like a shorter one. */
export function planFaults(seed: number, seconds: number): Planned[] {
  const random = seededRandom(seed);
  const kinds = new Deck(new Map(Object.entries(shares) as [FaultKind, number][]), random);
  const planned: Planned[] = [];
  for (let at = between(...pauseMs, random); at < seconds * 1000; at += between(...pauseMs, random)) {
    planned.push({ at, fault: drawFault(kinds.draw(), random) });
  }
  return planned;
}
