import type { Score } from './metronome.js';

interface Beating {
  readonly score: Score;
  /** When it beats next; null once it is silent. */
  due: number | null;
  readonly beats: number[];
}

/**
 * What metronomes on one clock do until it is at `target`, by the simplest means: a list and a loop. They are started at 0, and
 * all times are ms after that.
 */
export function playScores(scores: readonly Score[], target: number): ReadonlyMap<string, readonly number[]> {
  const all = new Map(scores.map((score) => [score.to, { score, due: dueAfter(0, score, 0), beats: [] } as Beating]));
  for (;;) {
    const next = Math.min(...[...all.values()].map(({ due }) => due ?? Number.POSITIVE_INFINITY));
    if (next > target) return new Map([...all].map(([to, { beats }]) => [to, beats]));
    const fired = [...all.values()].filter(({ due }) => due === next);
    for (const one of fired) {
      one.beats.push(next);
      one.due = dueAfter(next, one.score, one.beats.length);
    }
    for (const { score } of fired) {
      const nudged = all.get(score.partner ?? '');
      if (nudged && nudged.due !== null) nudged.due = dueAfter(next, nudged.score, nudged.beats.length);
    }
  }
}

function dueAfter(now: number, { gaps }: Score, beats: number): number | null {
  const gap = gaps[beats];
  return gap === undefined ? null : now + Math.max(0, gap);
}
