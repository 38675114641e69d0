import { problem } from './problem.js';

/** The entity tag of an actor: its version. */
export const entityTag = (version: number): string => `"${version}"`;

/**
 * Compares `If-Match` with an actor's version.
 * @throws HttpProblem PRECONDITION_FAILED when the client has seen another version
 */
export function checkIfMatch(ifMatch: string | undefined, version: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(entityTag(version))) return;
  throw problem('PRECONDITION_FAILED', `The resource is at version ${version}; read it again and decide anew.`, {
    currentVersion: version,
  });
}
