import type { HttpProblem } from '../../src/http/problem.js';

/** The code of what some work throws. */
export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as HttpProblem).code;
  }
  return 'none';
}
