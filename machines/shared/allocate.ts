/**
 * Splits an amount into parts in proportion to weights, by largest remainder: the parts are whole minor units, each is less
 * than one unit from its exact share, and they add up to the amount. Of equal remainders the earlier part gets the unit.
 * An amount below zero is split as its opposite. Weights are whole numbers from zero; when all are zero the first part takes all.
 */
export function allocate(amount: number, weights: readonly number[]): number[] {
  if (amount < 0) return allocate(-amount, weights).map((part) => 0 - part);
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (total === 0n) return weights.map((_, index) => (index === 0 ? amount : 0));
  const shares = weights.map((weight, index) => {
    const exact = BigInt(amount) * BigInt(weight);
    return { index, part: Number(exact / total), remainder: exact % total };
  });
  const missing = shares.reduce((rest, { part }) => rest - part, amount);
  const byRemainder = [...shares].sort((a, b) => {
    if (a.remainder === b.remainder) return a.index - b.index;
    return a.remainder > b.remainder ? -1 : 1;
  });
  const lucky = new Set(byRemainder.slice(0, missing).map(({ index }) => index));
  return shares.map(({ index, part }) => (lucky.has(index) ? part + 1 : part));
}

/** A part of an amount in basis points (1/100 of a percent), rounded half up to minor units. Exact however large the amount. */
export const basisPointsOf = (amount: number, basisPoints: number): number =>
  Number((BigInt(amount) * BigInt(basisPoints) + 5_000n) / 10_000n);

/** What so many percent off an amount come to: rounded down to minor units, so that it is never more than that. */
export const percentOf = (amount: number, percent: number): number => Number((BigInt(amount) * BigInt(percent)) / 100n);
