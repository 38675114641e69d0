import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reaper } from '../../scripts/dev/reaper.js';

// Loaded twice (as CommonJS and as ESM, say) there would be two of every server, and the hooks would stop only one.
const marker = Symbol.for('flowmart/test/support');
if (marker in globalThis)
  throw new Error('test/support is loaded twice: mocha must import, not require (.mocharc.json)');
Object.assign(globalThis, { [marker]: true });

let folder: string | undefined;

/** The run's temporary folder, removed when the run ends, however it ends. */
export async function testFolder(): Promise<string> {
  if (!folder) {
    folder = mkdtempSync(join(tmpdir(), 'flowmart-test-'));
    await chmod(folder, 0o755); // Run by root, PostgreSQL is somebody else and must get in.
    reaper.remove(folder);
  }
  return folder;
}

export function removeTestFolder(): void {
  if (!folder) return;
  rmSync(folder, { recursive: true, force: true });
  reaper.removed(folder);
  folder = undefined;
}
