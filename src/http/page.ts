import { decodeCursor, encodeCursor, type Position } from './cursor.js';

/** What a list's query asks for. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** What to read for a page: one more than it shows, which tells whether another page follows. */
export const reach = ({ limit, cursor }: PageQuery): { limit: number; after: Position | null } => ({
  limit: limit + 1,
  after: cursor === undefined ? null : decodeCursor(cursor),
});

/** The page of what was read for it. */
export function pageOf<R, T>(
  rows: readonly R[],
  { limit }: PageQuery,
  position: (row: R) => Position,
  view: (row: R) => T,
): { items: T[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null;
  return { items: shown.map(view), nextCursor };
}
