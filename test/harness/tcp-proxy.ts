// A TCP proxy on the loopback address that can be made slow or cut, in one direction or both. What
// is cut is held back, not dropped, as by a network that comes back: connections stay open, nothing
// arrives, not even the end of a connection, and all of it comes late when the cut is over.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** From who connects to the one behind the proxy, or back. */
export type Direction = 'forth' | 'back';

export type TcpProxy = {
  readonly port: number;
  /** Connections taken since the start. */
  connectionCount(): number;
  cut(direction?: Direction): void;
  /** Everything arrives this much later, both ways. */
  slow(latencyMs: number): void;
  /** Neither cut nor slow: what was held back goes on its way. */
  heal(): void;
  stop(): Promise<void>;
};

/** More than this is held back only in the sender's own buffers. */
const HELD_BYTES_MAX = 1024 * 1024;
const DIRECTIONS: readonly Direction[] = ['forth', 'back'];

type Conditions = { readonly isCut: Record<Direction, boolean>; latencyMs: number };

/** Passes every connection to its port on to `targetPort`, both on the loopback address. */
export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const lanes = new Set<Lane>();
  const conditions: Conditions = { isCut: { forth: false, back: false }, latencyMs: 0 };
  let count = 0;
  const server = createServer({ allowHalfOpen: true }, (inbound) => {
    count++;
    const outbound = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to, direction] of [
      [inbound, outbound, 'forth'],
      [outbound, inbound, 'back'],
    ] as const) {
      const lane = new Lane({ from, to, direction, conditions });
      sockets.add(from);
      lanes.add(lane);
      from.on('close', () => sockets.delete(from));
      to.on('close', () => lanes.delete(lane));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  function pumpAll(): void {
    for (const lane of lanes) lane.pump();
  }

  return {
    port: address.port,
    connectionCount: () => count,
    cut(direction) {
      for (const one of DIRECTIONS) {
        if (direction === undefined || direction === one) conditions.isCut[one] = true;
      }
    },
    slow(latencyMs) {
      conditions.latencyMs = latencyMs;
    },
    heal() {
      conditions.latencyMs = 0;
      for (const one of DIRECTIONS) conditions.isCut[one] = false;
      pumpAll();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type Held = { readonly dueMs: number; readonly what: Buffer | 'end' | 'broken' };

/** One direction of one connection. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #conditions: Conditions;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(wiring: { from: Socket; to: Socket; direction: Direction; conditions: Conditions }) {
    this.#from = wiring.from;
    this.#to = wiring.to;
    this.#direction = wiring.direction;
    this.#conditions = wiring.conditions;
    this.#from.on('data', (chunk: Buffer) => this.#hold(chunk));
    this.#from.on('end', () => this.#hold('end'));
    this.#from.on('error', () => this.#hold('broken'));
    this.#to.on('drain', () => this.pump());
    this.#to.on('close', () => clearTimeout(this.#timer));
  }

  #hold(what: Held['what']): void {
    this.#held.push({ dueMs: performance.now() + this.#conditions.latencyMs, what });
    if (Buffer.isBuffer(what)) this.#heldBytes += what.length;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#from.pause();
    this.pump();
  }

  /** Passes on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    const { isCut, latencyMs } = this.#conditions;
    while (!isCut[this.#direction] && !this.#to.writableNeedDrain) {
      const [first] = this.#held;
      if (first === undefined) break;
      const waitMs = latencyMs === 0 ? 0 : first.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        break;
      }
      this.#held.shift();
      this.#pass(first.what);
    }
    if (this.#heldBytes <= HELD_BYTES_MAX && this.#from.isPaused()) this.#from.resume();
  }

  #pass(what: Held['what']): void {
    if (Buffer.isBuffer(what)) {
      this.#heldBytes -= what.length;
      this.#to.write(what);
    } else if (what === 'end') this.#to.end();
    else this.#to.destroy();
  }
}
