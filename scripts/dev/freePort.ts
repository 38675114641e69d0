import { createServer } from 'node:net';

/** A port of this machine that nobody listens on; `preferred` when that one is free. */
export async function freePort(preferred = 0): Promise<number> {
  return (await portIfFree(preferred)) ?? (await freePort());
}

/** Ports that no system gives to outgoing connections. */
const lasting = { from: 10_000, count: 20_000 } as const;

/** A free port for a server that will be restarted on it: nobody's outgoing connection takes it meanwhile. */
export async function lastingPort(): Promise<number> {
  const port = lasting.from + Math.floor(Math.random() * lasting.count);
  return (await isPortFree(port)) ? port : lastingPort();
}

export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await portIfFree(port, host)) !== undefined;
}

function portIfFree(port: number, host = '127.0.0.1'): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
