import { removeTestFolder } from './folder.js';
import { stopSpawned } from './processes.js';
import { stopServers } from './servers.js';

/** What mocha runs once, whatever suites it was given. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await stopSpawned();
    await stopServers();
    removeTestFolder();
  },
};
