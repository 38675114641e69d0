// Read by every Node that has modules at all, however old: no syntax of later years in here.
import { readFileSync } from 'node:fs';

/**
 * The complaint about a Node that is too old, or undefined when it will do.
 * @param {string} running such as 20.19.0
 * @param {string} wanted the oldest that will do
 * @returns {string | undefined}
 */
export function nodeComplaint(running, wanted) {
  /** @type {(version: string) => number} */
  const rank = (version) => version.split('.').reduce((sum, part) => sum * 10000 + Number(part), 0);
  if (rank(running) < rank(wanted)) {
    return `FlowMart needs Node ${wanted} or later; this is ${running} (${process.execPath}). Install a newer one from https://nodejs.org or with your version manager.`;
  }
  return undefined;
}

/** Ends the process with one line when this Node is older than package.json allows. */
export function requireNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const complaint = nodeComplaint(process.versions.node, engines.node.replace(/[^\d.]/g, ''));
  if (complaint) {
    process.stderr.write(`${complaint}\n`);
    process.exit(1);
  }
}
