/** What ordering a story needs of its rows. */
export interface Link {
  readonly actorId: string;
  readonly messageId: string;
  readonly causationId: string | null;
}

/** Keeps the rows that hang together, by cause and effect, with one of these actors: several orders may share a correlation id. */
export function relatedTo<R extends Link>(rows: readonly R[], actorIds: ReadonlySet<string>): R[] {
  // Union-find over message ids: a row ties its message to the one that caused it.
  const parents = new Map<string, string>();
  const rootOf = (id: string): string => {
    let root = id;
    for (let up = parents.get(root); up !== undefined; up = parents.get(root)) root = up;
    if (root !== id) parents.set(id, root);
    return root;
  };
  for (const { messageId, causationId } of rows) {
    const [child, cause] = [rootOf(messageId), rootOf(causationId ?? messageId)];
    if (child !== cause) parents.set(child, cause);
  }
  const stories = new Set(
    rows.filter(({ actorId }) => actorIds.has(actorId)).map(({ messageId }) => rootOf(messageId)),
  );
  return rows.filter(({ messageId }) => stories.has(rootOf(messageId)));
}

/**
 * Puts causes before their effects, and otherwise keeps the order of the rows, which is that of time: clocks of several
 * machines may disagree by more than a message takes.
 */
export function causalOrder<R extends Link>(rows: readonly R[]): R[] {
  const present = new Set(rows.map(({ messageId }) => messageId));
  const waiting = new Map<string, R[]>();
  const told = new Set<string>();
  const ordered: R[] = [];
  for (const row of rows) {
    const { causationId } = row;
    if (causationId !== null && present.has(causationId) && !told.has(causationId)) {
      waiting.set(causationId, [...(waiting.get(causationId) ?? []), row]);
    } else tell(row);
  }
  // Only rows that are their own ancestors could be left, and no journal has any.
  return ordered;

  function tell(first: R): void {
    const ready = [first];
    for (let row = ready.shift(); row; row = ready.shift()) {
      ordered.push(row);
      if (told.has(row.messageId)) continue;
      told.add(row.messageId);
      ready.push(...(waiting.get(row.messageId) ?? []));
      waiting.delete(row.messageId);
    }
  }
}
