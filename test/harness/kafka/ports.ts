// Free TCP ports below the range from which systems number outgoing connections, so that a broker
// that is down for a while finds its port still free when it comes back.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
const MAX_PROBES = 1_000;

/** `count` different ports that are free on the loopback address now. They are not held. */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let probe = 0; ports.size < count; probe++) {
    if (probe === MAX_PROBES) throw new Error(`no ${count} free ports after ${probe} probes`);
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
