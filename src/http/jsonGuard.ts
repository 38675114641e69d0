import { problem } from './problem.js';

/** How deeply a body may be nested. */
const maxDepth = 12;

const poison = new Set(['__proto__', 'constructor', 'prototype']);
// What JSON can carry and a text column cannot: a NUL, half of a surrogate pair.
const unstorable = /\0|\p{Surrogate}/u;

/**
 * Refuses what is JSON but is never meant well: nesting without end, keys that reach for prototypes, text that no database stores.
 * @throws HttpProblem MALFORMED_BODY
 */
export function checkJson(value: unknown, depth = 0): void {
  if (typeof value === 'string') checkText(value);
  if (typeof value !== 'object' || value === null) return;
  if (depth === maxDepth) throw problem('MALFORMED_BODY', `The body is nested more than ${maxDepth} levels deep.`);
  if (Array.isArray(value)) {
    for (const item of value) checkJson(item, depth + 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (poison.has(key)) throw problem('MALFORMED_BODY', `The body has a field ${key}.`);
    checkText(key);
    checkJson(item, depth + 1);
  }
}

function checkText(text: string): void {
  if (unstorable.test(text)) throw problem('MALFORMED_BODY', 'The body has text with a NUL or half a character.');
}
