import { readFileSync } from 'node:fs';
import { expect } from 'chai';

interface LockedPackage {
  optionalDependencies?: Record<string, string>;
}

describe('package-lock.json', () => {
  it('has the optional packages of every platform, or npm ci refuses it on the others', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, LockedPackage>;
    };
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter((name) => !isLocked(packages, path, name)),
    );
    expect(missing).to.deep.equal([]);
  });
});

/** Looks where Node would: in the package's own node_modules, then in those of the folders above. */
function isLocked(packages: Record<string, LockedPackage>, path: string, name: string): boolean {
  if (packages[`${path ? `${path}/` : ''}node_modules/${name}`]) return true;
  return path !== '' && isLocked(packages, path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0)), name);
}
