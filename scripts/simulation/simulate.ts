import fc from 'fast-check';
import { play, type StandIns } from './play.js';
import { anyStory, type Story } from './story.js';

/** How a seed's story ended. */
export interface Ending {
  readonly seed: number;
  /** Null when every promise was kept; otherwise the promise that was broken. */
  readonly violation: string | null;
  /** The story as data; after a violation the smallest one found that breaks a promise. */
  readonly plan: Story;
  /** What happened, line by line; `!` marks what went wrong outside. */
  readonly lines: readonly string[];
}

/** How long to look for a smaller story that fails, too (ms). */
const shrinkingMs = 60_000;

/** The story of a seed, always the same one. */
export const storyOf = (seed: number): Story => fc.sample(anyStory, { seed, numRuns: 1, unbiased: true })[0] as Story;

/** Plays the story of a seed; when it breaks a promise, looks for the smallest story that does. */
export async function simulate(seed: number, standIns: StandIns = {}): Promise<Ending> {
  const plan = storyOf(seed);
  const { violation, lines } = await play(plan, standIns);
  return violation === null ? { seed, violation, plan, lines } : smallest(seed, standIns);
}

async function smallest(seed: number, standIns: StandIns): Promise<Ending> {
  let ending: Omit<Ending, 'seed'> | undefined;
  const property = fc.asyncProperty(anyStory, async (plan) => {
    const { violation, lines } = await play(plan, standIns);
    // Of the stories that are tried, the last one that fails is the smallest.
    if (violation !== null) ending = { violation, plan, lines };
    return violation === null;
  });
  await fc.check(property, { seed, numRuns: 1, unbiased: true, interruptAfterTimeLimit: shrinkingMs });
  if (!ending) throw new Error(`seed ${seed} fails once and not again: something in it is left to chance`);
  return { seed, ...ending };
}

/** An ending for people. */
export function tellEnding({ seed, violation, plan, lines }: Ending): string {
  const verdict = violation ? `Seed ${seed} breaks a promise: ${violation}` : `Seed ${seed} keeps every promise.`;
  return `${verdict}\n\n${lines.join('\n')}\n\n${JSON.stringify(plan)}\n`;
}
