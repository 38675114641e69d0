import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from './userError.js';

/** PostgreSQL refuses to run as root, so root runs it as somebody else. */
export interface UnprivilegedUser {
  uid: number;
  gid: number;
}

/**
 * Whom PostgreSQL shall run as: nobody special for an ordinary user (undefined), an existing system user for root.
 * @param dataDir keeps its owner when it exists already.
 */
export async function unprivilegedUser(dataDir: string): Promise<UnprivilegedUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDir).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const users = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    // macOS writes the ids of nobody as -2.
    if (uid && gid) return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
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
  await openToAll(unfinished);
  await rename(unfinished, copy).catch(async () => rm(unfinished, { recursive: true, force: true }));
  return copy;
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    await chmod(path, entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}
