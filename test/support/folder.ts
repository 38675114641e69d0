import { rmSync } from 'node:fs';
import { reaper } from '../../scripts/dev/reaper.js';
import { temporaryFolder } from '../../scripts/dev/temporaryFolder.js';

// Loaded twice (as CommonJS and as ESM, say) there would be two of every server, and the hooks would stop only one.
const marker = Symbol.for('flowmart/test/support');
if (marker in globalThis)
  throw new Error('test/support is loaded twice: mocha must import, not require (.mocharc.json)');
Object.assign(globalThis, { [marker]: true });

let folder: string | undefined;

/** The run's temporary folder, removed when the run ends, however it ends. */
export function testFolder(): string {
  if (!folder) {
    folder = temporaryFolder('flowmart-test-');
    reaper.remove(folder);
  }
  return folder;
}

/** A new folder in it. */
export function testSubfolder(prefix: string): string {
  return temporaryFolder(prefix, testFolder());
}

export function removeTestFolder(): void {
  if (!folder) return;
  rmSync(folder, { recursive: true, force: true });
  reaper.removed(folder);
  folder = undefined;
}
