import { execFile } from 'node:child_process';
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Compiles FlowMart into `folder`, which the Procfile's commands then run from: what is measured is what runs in production, and a
 * process that is killed again and again should not translate its TypeScript every time. Answers the folder.
 * @throws the compiler's error
 */
export async function compileInto(folder: string): Promise<string> {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  // Types are checked elsewhere (npm test).
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', folder];
  await promisify(execFile)(process.execPath, args, { cwd: root });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  return folder;
}
