const intervalMs = 25;

/**
 * Looks again and again until it sees something.
 * @param what in words, for the error
 * @returns the first answer that is neither false, null nor undefined
 * @throws when there is none within `patienceMs`
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | false | null | undefined>,
  patienceMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
