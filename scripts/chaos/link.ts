import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What a link does to the bytes that pass. */
export type LinkState =
  | { readonly kind: 'open' }
  /** Nothing passes, in either direction, and nobody is told; what was sent arrives once the link is open again. */
  | { readonly kind: 'blackhole' }
  /** Everything arrives this much later, in order. */
  | { readonly kind: 'delay'; readonly ms: number };

/** A wire from one process to one server, which can be blackholed, delayed and cut. */
export interface Link {
  readonly port: number;
  set(state: LinkState): void;
  /** Ends every connection that is open now, in the middle of whatever is on its way. */
  cut(): void;
  close(): Promise<void>;
}

/** Opens a wire on a port of its own to a port of this machine. */
export async function openLink(upstreamPort: number): Promise<Link> {
  const pairs = new Set<Pair>();
  let state: LinkState = { kind: 'open' };
  const options = { noDelay: true, allowHalfOpen: true };
  const server = createServer({ ...options, pauseOnConnect: true }, (near) => {
    const pair = new Pair(near, connect({ ...options, port: upstreamPort, host: '127.0.0.1' }), () => state);
    pairs.add(pair);
    near.once('close', () => pairs.delete(pair));
    pair.resume();
  });
  await listen(server);
  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      state = next;
      for (const pair of pairs) pair.resume();
    },
    cut() {
      for (const pair of pairs) pair.cut();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const pair of pairs) pair.cut();
      await closed;
    },
  };
}

/** Two sockets whose bytes go to each other. */
class Pair {
  readonly #flows: readonly [Flow, Flow];
  readonly #sockets: readonly [Socket, Socket];

  constructor(near: Socket, far: Socket, state: () => LinkState) {
    this.#sockets = [near, far];
    this.#flows = [new Flow(near, far, state), new Flow(far, near, state)];
    for (const socket of this.#sockets) socket.on('error', () => this.cut());
  }

  resume(): void {
    for (const flow of this.#flows) flow.resume();
  }

  cut(): void {
    // Not reset: a reset that meets a shutdown under way leaves Node with a handle that never closes, and the process never ends.
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** One direction of a connection: chunks in order, the last of which is the end. */
class Flow {
  readonly #to: Socket;
  readonly #from: Socket;
  readonly #state: () => LinkState;
  readonly #held: { chunk: Buffer | null; at: number }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(from: Socket, to: Socket, state: () => LinkState) {
    this.#from = from;
    this.#to = to;
    this.#state = state;
    from.pause();
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => this.#take(null));
    from.on('close', () => this.#timer && clearTimeout(this.#timer));
    to.on('drain', () => this.resume());
  }

  /** Lets go what may go by now. */
  resume(): void {
    const state = this.#state();
    if (state.kind === 'blackhole') {
      this.#from.pause();
      return;
    }
    if (state.kind === 'open') for (const one of this.#held) one.at = 0;
    this.#letGo();
  }

  #take(chunk: Buffer | null): void {
    const state = this.#state();
    this.#held.push({ chunk, at: state.kind === 'delay' ? performance.now() + state.ms : 0 });
    if (state.kind !== 'blackhole') this.#letGo();
  }

  #letGo(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (let next = this.#held[0]; next; next = this.#held[0]) {
      const waitMs = next.at - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.resume(), waitMs);
        break;
      }
      this.#held.shift();
      if (next.chunk === null) this.#to.end();
      else if (!this.#to.write(next.chunk)) {
        this.#from.pause();
        return;
      }
    }
    this.#from.resume();
  }
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}
