import { Groups } from '../runtime/groups.js';

/**
 * Makes one call of many: whatever is asked for while a run is under way goes into the next one, so that a busy process
 * sends one statement for a group of requests, and an idle one sends it at once.
 * @param load answers the keys in their order
 * @param options.max keys in one run
 * @param options.everyMs a run begins no sooner than so many ms after the one before it
 */
export function grouped<K, V>(
  load: (keys: readonly K[]) => Promise<readonly V[]>,
  options: { readonly max?: number; readonly everyMs?: number } = {},
): (key: K) => Promise<V> {
  const groups = new Groups<K, V>({ work: load, max: 200, ...options });
  return (key) => groups.submit(key);
}
