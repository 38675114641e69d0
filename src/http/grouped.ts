interface Waiting<K, V> {
  readonly key: K;
  resolve(value: V): void;
  reject(reason: unknown): void;
}

/**
 * Makes one call of many: whatever is asked for while a run is under way goes into the next one, so that a busy process
 * sends one statement for a group of requests, and an idle one sends it at once.
 * @param load answers the keys in their order
 * @param limit keys in one run
 */
export function grouped<K, V>(
  load: (keys: readonly K[]) => Promise<readonly V[]>,
  limit = 200,
): (key: K) => Promise<V> {
  let waiting: Waiting<K, V>[] = [];
  let running = false;

  const run = async () => {
    while (waiting.length > 0) {
      const group = waiting.slice(0, limit);
      waiting = waiting.slice(limit);
      try {
        const values = await load(group.map(({ key }) => key));
        group.forEach(({ resolve }, index) => {
          resolve(values[index] as V);
        });
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = false;
  };

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      if (running) return;
      running = true;
      // What is asked for in the same breath still belongs to this group.
      queueMicrotask(run);
    });
}
