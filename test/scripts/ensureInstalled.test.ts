import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { installReason } from '../../scripts/ensureInstalled.mjs';
import { nodeComplaint } from '../../scripts/nodeVersion.mjs';
import { testSubfolder } from '../support/folder.js';

describe('npm start and npm test install dependencies', () => {
  const locked = {
    'node_modules/koa': { version: '3.3.0', integrity: 'sha512-a' },
    'node_modules/koa/node_modules/depd': { version: '2.0.0', integrity: 'sha512-b' },
    'node_modules/native-here': { version: '1.0.0', optional: true, os: [process.platform], cpu: [process.arch] },
    'node_modules/native-elsewhere': { version: '1.0.0', optional: true, os: ['aix'], cpu: [process.arch] },
    'node_modules/native-musl': {
      version: '1.0.0',
      optional: true,
      os: [process.platform],
      cpu: [process.arch],
      libc: ['musl'],
    },
  };
  const { 'node_modules/native-elsewhere': _, 'node_modules/native-musl': __, ...wantedHere } = locked;
  let root: string;

  beforeEach(async () => {
    root = testSubfolder('install-');
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': { name: 'shop' }, ...locked } }));
  });

  function install(packages: object): void {
    for (const path of Object.keys(packages)) mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
  }

  it('when there are none', () => {
    expect(installReason(root)).to.equal('they are missing');
  });

  it('when an earlier installation was interrupted', () => {
    mkdirSync(join(root, 'node_modules', 'koa'), { recursive: true });
    expect(installReason(root)).to.equal('they are missing');
  });

  it('when one has another version than package-lock.json', () => {
    install({ ...wantedHere, 'node_modules/koa': { version: '3.2.1', integrity: 'sha512-c' } });
    expect(installReason(root)).to.equal('koa is 3.2.1, package-lock.json has 3.3.0');
  });

  it('when a new one is in package-lock.json, also one that only another package needs', () => {
    const { 'node_modules/koa/node_modules/depd': _missing, ...rest } = wantedHere;
    install(rest);
    expect(installReason(root)).to.equal('depd is missing');
  });

  it('when the folder of one was removed', () => {
    install(wantedHere);
    rmSync(join(root, 'node_modules', 'koa'), { recursive: true });
    expect(installReason(root)).to.equal('koa is missing');
  });

  it('when they were installed on another platform', () => {
    const { 'node_modules/native-here': _missing, ...rest } = wantedHere;
    install({ ...rest, 'node_modules/native-elsewhere': { version: '1.0.0' } });
    expect(installReason(root)).to.equal('native-here is missing');
  });

  it('but not when everything for this platform is there', () => {
    install(wantedHere);
    expect(installReason(root)).to.equal(undefined);
  });

  it('and have nothing to do in this very checkout', () => {
    expect(installReason(process.cwd())).to.equal(undefined);
  });
});

describe('the oldest Node that will do', () => {
  it('is refused in one line when it is older', () => {
    for (const old of ['18.20.4', '20.9.0', '20.18.9']) {
      expect(nodeComplaint(old, '20.19.0')).to.match(
        /^FlowMart needs Node 20\.19\.0 or later; this is .*nodejs\.org.*$/,
      );
    }
  });

  it('is taken from there on', () => {
    for (const good of ['20.19.0', '20.20.2', '22.0.0', '100.1.0']) {
      expect(nodeComplaint(good, '20.19.0')).to.equal(undefined);
    }
  });
});
