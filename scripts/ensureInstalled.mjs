// Installs the dependencies when they are missing or not those of package-lock.json. Plain Node, of course.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './progress.mjs';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, peer?: boolean, link?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockedPackage
 */

/**
 * Why the dependencies below `root` must be installed, or undefined when they are the locked ones.
 * npm keeps a lockfile of what it really installed inside node_modules; an interrupted install leaves none.
 * @param {string} root
 * @returns {string | undefined}
 */
export function installReason(root) {
  /** @type {Record<string, LockedPackage>} */
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'they are missing';
  /** @type {Record<string, LockedPackage>} */
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;

  for (const [path, locked] of Object.entries(wanted)) {
    if (path === '' || locked.link) continue;
    const found = installed[path];
    if (!found || !existsSync(join(root, path))) {
      if (isWantedHere(locked)) return `${nameOf(path)} is missing`;
    } else if (found.version !== locked.version || found.integrity !== locked.integrity) {
      return `${nameOf(path)} is ${found.version}, package-lock.json has ${locked.version}`;
    }
  }
  return undefined;
}

/**
 * Optional packages are those for one platform each. Those that differ by C library only are left to npm to choose.
 * @param {LockedPackage} locked
 */
function isWantedHere(locked) {
  if (!locked.optional) return true;
  if (locked.peer || locked.libc || !locked.os || !locked.cpu) return false;
  return locked.os.includes(process.platform) && locked.cpu.includes(process.arch);
}

/** @param {string} path */
function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/**
 * Runs `npm ci` below `root` when needed, showing that it is alive.
 * @throws Error with npm's own last lines when it fails
 */
export async function ensureInstalled(root = projectRoot) {
  const reason = installReason(root);
  if (reason) await step(`Installing dependencies (${reason})`, () => npmCi(root));
}

/**
 * @param {string} root
 * @returns {Promise<void>}
 */
function npmCi(root) {
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  // Below `npm start` this is the very npm that runs us.
  const npm = process.env.npm_execpath;
  const [command, commandArgs] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArgs, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ci failed:\n${output.trimEnd().split('\n').slice(-12).join('\n')}`));
    });
  });
}
