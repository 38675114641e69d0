/** Draws from a shuffled deck, and shuffles it again when it is used up: over a deck's length every share is exact. */
export class Deck<T> {
  readonly #cards: readonly T[];
  readonly #random: () => number;
  #left: T[] = [];

  /** @param shares how many cards there are of each kind */
  constructor(shares: ReadonlyMap<T, number>, random: () => number) {
    this.#cards = [...shares].flatMap(([card, count]) => Array<T>(count).fill(card));
    this.#random = random;
  }

  draw(): T {
    if (this.#left.length === 0) this.#left = [...this.#cards];
    return this.#left.splice(Math.floor(this.#random() * this.#left.length), 1)[0] as T;
  }
}

/** One of several, each as likely. */
export const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)] as T;

/** A whole number from `low` to `high`, both included. */
export const between = (low: number, high: number, random: () => number): number =>
  low + Math.floor(random() * (high - low + 1));
