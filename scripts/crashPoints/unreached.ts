/** Crash points that processes do not come by while stories are told, and why that is so. */
export const unreached: Readonly<Record<string, string>> = {
  'culprit.isolate.failureOf':
    'only when one that was put off stands before one that throws: test/runtime/poison.test.ts',
  'lane.#isolate.isolateIn.2':
    'only when a command brings about a state in which one that was put off throws: test/runtime/poison.test.ts',
  'health.probe.probe': 'only when there is a second provider to fall back to',
  'streams.trimStream.xlen': 'once a minute',
  'streams.trimStream.xrange': 'once a minute, and only beyond 100,000 events',
  'streams.trimBefore.neededFrom': 'once a minute, and only beyond 100,000 events',
  'streams.neededFrom.xinfo': 'once a minute, and only beyond 100,000 events',
  'streams.neededFrom.xpending': 'once a minute, and only beyond 100,000 events',
  'streams.trimOlder.xrange': 'only by npm run retention',
  'streams.trimOlder.xrevrange': 'only by npm run retention',
  'streams.trimOlder.xrange.2': 'only by npm run retention',
  'streams.trimOlder.neededFrom': 'only by npm run retention',
};
