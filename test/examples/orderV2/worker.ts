import { pino } from 'pino';
import { loadConfig } from '../../../src/config.js';
import { createParticipants } from '../../../src/services/registry.js';
import { exitOnFailure, stopOnSignals } from '../../../src/shutdown.js';
import { startWorker } from '../../../src/startWorker.js';
import { orderV2 } from './orderV2.js';

/** A worker dyno of the release that brings version 2 of the order's machine. */
await exitOnFailure(async () => {
  const config = loadConfig();
  const log = pino({ level: config.logLevel, name: 'worker' });
  const worker = await startWorker({
    config,
    log,
    participants: (db) => ({ ...createParticipants(config, db, log), order: orderV2 }),
  });
  stopOnSignals(log, config.shutdownTimeoutMs, () => worker.stop());
  await worker.ready();
  log.info('worker is ready');
});
