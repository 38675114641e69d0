import { z } from 'zod';
import { problem } from './problem.js';

const position = z.tuple([z.iso.datetime({ precision: 6 }), z.uuid()]);

/** Where a page of a list ended: the creation time with microseconds, as PostgreSQL keeps it, and the id. */
export interface Position {
  readonly createdAt: string;
  readonly id: string;
}

/** The position as an opaque text for clients. */
export function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url');
}

/** @throws HttpProblem VALIDATION_ERROR when the text is no cursor of ours */
export function decodeCursor(cursor: string): Position {
  try {
    const [createdAt, id] = position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { createdAt, id };
  } catch {
    const detail = 'not a cursor that a list has given';
    throw problem('VALIDATION_ERROR', 'The request is not valid.', {
      errors: [{ in: 'query', pointer: '/cursor', detail }],
    });
  }
}
