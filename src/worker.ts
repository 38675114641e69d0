import { pino } from 'pino';
import { loadConfig } from './config.js';
import { createParticipants } from './services/registry.js';
import { exitOnFailure, stopOnSignals } from './shutdown.js';
import { startWorker } from './startWorker.js';

/** A worker dyno: works until a signal stops it. */
await exitOnFailure(async () => {
  const config = loadConfig();
  const log = pino({ level: config.logLevel, name: 'worker' });
  const worker = startWorker({ config, log, participants: (db) => createParticipants(config, db, log) });
  stopOnSignals(log, config.shutdownTimeoutMs, () => worker.stop());
  await worker.ready();
  log.info('worker is ready');
});
