import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxy, type TcpProxy } from './tcp-proxy.ts';

const SLOW_MS = 150;

let server: Server;
let proxy: TcpProxy;
let client: Socket;
let heard: string;
let received: string;

/** An echo behind a proxy, and one client that is connected to it. */
beforeEach(async () => {
  heard = '';
  received = '';
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard += chunk;
      socket.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  proxy = await startProxy(typeof address === 'object' ? (address?.port ?? 0) : 0);
  client = connect(proxy.port, '127.0.0.1');
  client.on('data', (chunk) => {
    received += chunk;
  });
  await once(client, 'connect');
});

afterEach(async () => {
  client.destroy();
  await proxy.stop();
  server.close();
});

/** What the server has heard after another connection had time to go to and fro. */
async function quiet(): Promise<string> {
  const address = server.address();
  const direct = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  await once(direct, 'connect');
  direct.end();
  await once(direct, 'close');
  return heard;
}

const toBe = (read: () => string, text: string) => expect.poll(read, { interval: 5 }).toBe(text);

describe('the proxy', () => {
  it('passes on what comes, both ways', async () => {
    client.write('one');
    await toBe(() => received, 'one');
    expect(proxy.connectionCount()).toBe(1);
  });

  it('holds back what comes while it is cut, and passes it on in order after', async () => {
    proxy.cut();
    client.write('one ');
    client.write('two');
    expect(await quiet()).toBe('');
    proxy.heal();
    await toBe(() => received, 'one two');
  });

  it('can be cut on the way back alone', async () => {
    proxy.cut('back');
    client.write('one');
    await toBe(() => heard, 'one');
    expect(received).toBe('');
    proxy.heal();
    await toBe(() => received, 'one');
  });

  it('tells nobody of an end while it is cut', async () => {
    proxy.cut();
    const closed = once(client, 'close');
    client.end('last');
    expect(await quiet()).toBe('');
    proxy.heal();
    await closed;
    expect(heard).toBe('last');
  });

  it('delays each way by its latency when slow', async () => {
    proxy.slow(SLOW_MS);
    const startMs = performance.now();
    client.write('one');
    await toBe(() => received, 'one');
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(2 * SLOW_MS - 10);
    proxy.heal();
    client.write(' two');
    await toBe(() => received, 'one two');
  });

  it('breaks a connection whose other side breaks', async () => {
    const refusing = await startProxy(1);
    const lost = connect(refusing.port, '127.0.0.1');
    lost.on('error', () => {});
    await once(lost, 'close');
    expect(lost.destroyed).toBe(true);
    await refusing.stop();
  });
});
