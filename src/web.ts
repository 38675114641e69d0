import { pino } from 'pino';
import { loadConfig } from './config.js';
import { createParticipants } from './services/registry.js';
import { exitOnFailure, stopOnSignals } from './shutdown.js';
import { startWeb } from './startWeb.js';

/** A web dyno: answers HTTP until a signal stops it. */
await exitOnFailure(async () => {
  const config = loadConfig();
  const log = pino({ level: config.logLevel, name: 'web' });
  const web = await startWeb({ config, log, participants: (db) => createParticipants(config, db, log) });
  stopOnSignals(log, config.shutdownTimeoutMs, () => web.stop());
  log.info({ url: web.url }, 'web is ready');
});
