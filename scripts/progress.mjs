// Shows that a step which takes time is alive. Plain Node: it runs before anything is installed.

const tickMs = 500;
const lineMs = 10_000;

/**
 * Runs a step, shown as one line: on a terminal its seconds count up, elsewhere a line comes every ten seconds.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @param {(result: T) => string} [describe] what to show of the result
 * @returns {Promise<T>}
 */
export async function step(title, work, describe = () => '') {
  const started = Date.now();
  const out = process.stdout;
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const show = () => out.write(out.isTTY ? `\r\x1b[K  … ${title} ${seconds()}` : `  … ${title}, ${seconds()} so far\n`);
  const ticker = setInterval(show, out.isTTY ? tickMs : lineMs);
  if (out.isTTY) show();
  const clear = () => {
    clearInterval(ticker);
    if (out.isTTY) out.write('\r\x1b[K');
  };
  try {
    const result = await work();
    clear();
    const about = describe(result);
    out.write(`  ✓ ${title}${about ? `: ${about}` : ''} (${seconds()})\n`);
    return result;
  } catch (error) {
    clear();
    out.write(`  ✗ ${title} (${seconds()})\n`);
    throw error;
  }
}
