import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from './userError.js';

/** PostgreSQL refuses to run as root, so root runs it as somebody else. */
export interface UnprivilegedUser {
  uid: number;
  gid: number;
}

const run = promisify(execFile);

/**
 * Whom PostgreSQL shall run as: nobody special for an ordinary user (undefined), an existing system user for root.
 * @param dataDir keeps its owner when it exists already.
 */
export async function unprivilegedUser(dataDir: string): Promise<UnprivilegedUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDir).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // There is no such user: try the next.
    }
  }
  throw new UserError(
    'PostgreSQL does not run as root and this machine has no other user. Set DATABASE_URL, or run as an ordinary user.',
  );
}

/** Whether that user may enter `path` and every folder above it. */
export async function canReach(user: UnprivilegedUser | undefined, path: string): Promise<boolean> {
  if (!user) return true;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found) {
      const shift = found.uid === user.uid ? 6 : found.gid === user.gid ? 3 : 0;
      if (((found.mode >> shift) & 1) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/** Where root keeps what that user must reach when the checkout itself is closed to it, say below /root. */
export function openFolderFor(path: string): string {
  return join('/var/lib', `flowmart-${createHash('sha256').update(resolve(path)).digest('hex').slice(0, 8)}`);
}

/** Makes a folder that belongs to that user alone. */
export async function makeFolderFor(user: UnprivilegedUser | undefined, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (user) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
}

/** A copy of `folder` at `copy` that everybody may read; made once, and never seen half made. */
export async function openCopy(folder: string, copy: string): Promise<string> {
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  await mkdir(dirname(copy), { recursive: true, mode: 0o755 });
  await cp(folder, unfinished, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', unfinished]);
  await rename(unfinished, copy).catch(async () => rm(unfinished, { recursive: true, force: true }));
  return copy;
}
