import { pino } from 'pino';
import { assemble } from '../../src/assemble.js';
import type { Config } from '../../src/config.js';
import '../../src/db/tables.all.js';
import { createParticipants } from '../../src/services/registry.js';
import type { World } from './play.js';

export interface OpenWorld extends World {
  close(): Promise<void>;
}

/** Enters a FlowMart that runs as one more of its webs, without a port: what is told goes the way of every request. */
export function enterWorld(options: {
  readonly config: Config;
  /** Where the gateway’s faults are armed. */
  readonly sandboxUrl: string;
  readonly prefix?: string;
}): OpenWorld {
  const { config, sandboxUrl, prefix } = options;
  const log = pino({ level: 'error' });
  const { db, acceptor, close } = assemble({
    config,
    log,
    name: 'simulation',
    participants: (database) => createParticipants(config, database, log),
    ...(prefix ? { prefix } : {}),
  });
  return {
    db,
    acceptor,
    async refuse(subscriptionId, times) {
      const fault = { match: { metadata: { subscriptionId }, times }, fault: 'insufficient_funds' };
      const response = await fetch(`${sandboxUrl}/_sandbox/faults`, { method: 'POST', body: JSON.stringify(fault) });
      if (!response.ok) throw new Error(`the sandbox took no fault: ${await response.text()}`);
    },
    close,
  };
}
