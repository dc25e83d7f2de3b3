/** Closing a server politely: who is being answered is answered, nobody else keeps it open. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const IDLE_CLOSE_MS = 50;

/** Closes the server by `close`; connections that are still busy after `graceMs` are cut. */
export type PoliteClose = (close: () => Promise<void>, graceMs: number) => Promise<void>;

/** To be called before the server listens. */
export function closerOf(server: Server): PoliteClose {
  // A connection that never sent a request does not count as idle, and clients open some ahead.
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.on('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));

  return async function closePolitely(close, graceMs) {
    const closed = close();
    const sweep = setInterval(() => {
      for (const socket of unused) socket.destroy();
      // A connection that falls idle only now would keep it open too.
      server.closeIdleConnections();
    }, IDLE_CLOSE_MS);
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed.finally(() => {
      clearInterval(sweep);
      clearTimeout(cut);
    });
  };
}
