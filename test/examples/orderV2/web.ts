import { pino } from 'pino';
import { loadConfig } from '../../../src/config.js';
import { createParticipants } from '../../../src/services/registry.js';
import { exitOnFailure, stopOnSignals } from '../../../src/shutdown.js';
import { startWeb } from '../../../src/startWeb.js';
import { orderV2 } from './orderV2.js';

/** A web dyno of the release that brings version 2 of the order's machine. */
await exitOnFailure(async () => {
  const config = loadConfig();
  const log = pino({ level: config.logLevel, name: 'web' });
  const web = await startWeb({
    config,
    log,
    participants: (db) => ({ ...createParticipants(config, db, log), order: orderV2 }),
  });
  stopOnSignals(log, config.shutdownTimeoutMs, () => web.stop());
  log.info({ url: web.url }, 'web is ready');
});
