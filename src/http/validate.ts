import type { z } from 'zod';
import { problem, type RequestError } from './problem.js';

/** How many mistakes an answer lists. */
const maxErrors = 50;

type Part = RequestError['in'];

/**
 * Checks the parts of a request together, so that the client hears of all its mistakes at once.
 * @throws HttpProblem VALIDATION_ERROR with one entry per mistake
 */
export function validate(parts: readonly { in: Part; schema: z.ZodType | undefined; value: unknown }[]): unknown[] {
  const errors: RequestError[] = [];
  const values = parts.map((part) => {
    if (!part.schema) return undefined;
    const result = part.schema.safeParse(part.value);
    if (!result.success) errors.push(...result.error.issues.flatMap((issue) => describe(part.in, issue)));
    return result.data;
  });
  if (errors.length > 0) {
    throw problem(
      'VALIDATION_ERROR',
      `${errors.length === 1 ? 'One thing is' : `${errors.length} things are`} wrong; see errors.`,
      {
        errors: errors.slice(0, maxErrors),
      },
    );
  }
  return values;
}

function describe(part: Part, issue: z.core.$ZodIssue): RequestError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ in: part, pointer: pointer([...issue.path, key]), detail: 'unknown field' }));
  }
  return [{ in: part, pointer: pointer(issue.path), detail: issue.message }];
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
