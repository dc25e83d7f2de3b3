import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Control } from '../src/control/control.ts';

const RENEW_MS = 20;
const HELLO = { sequence: 1, epoch: 1, renewMs: RENEW_MS, halts: [], agent: null, groups: null };

const WORD = {
  ...{ id: 'h-1', epoch: 2, scope: { agent: 'bot' }, mode: 'kill', by: 'anna', reason: null },
  ...{ until: null, lifted: false, at: 1_768_446_000_000 },
};

const streams: ServerResponse[] = [];
const acked: unknown[] = [];
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  if (request.method === 'POST') {
    acked.push(JSON.parse(text).sequence);
    response.end(JSON.stringify({ leaseMs: 3_000, now: 0 }));
    return;
  }
  response.writeHead(200).flushHeaders();
  // The second gateway accepts the stream, and its first word is late.
  if (streams.push(response) === 1) {
    response.write(`event: hello\ndata: ${JSON.stringify(HELLO)}\n\n`);
  }
});

let control: Control | undefined;

beforeEach(async () => {
  streams.length = 0;
  acked.length = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  control?.close();
  server.closeAllConnections();
  server.close();
});

function start(onHalt: () => void = () => undefined): void {
  const nothing = () => undefined;
  control = new Control({
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: 'bot' },
    ...{ point: 'door', agent: undefined, monotonicMs: () => performance.now(), random: () => 0 },
    ...{ onHello: nothing, onBreaker: nothing, onHalt, onGatewayTime: nothing, onTrouble: nothing },
  });
  control.start();
}

it('asks for no lease on a new stream before it has read what is halted', async () => {
  start();
  await vi.waitFor(() => expect(acked).toContain(1));
  streams[0]?.destroy();
  await vi.waitFor(() => expect(streams).toHaveLength(2));
  acked.length = 0;
  await sleep(10 * RENEW_MS);
  expect(acked.filter((sequence) => sequence !== 0)).toEqual([]);
});

it('applies each word of a burst at once, and confirms them with one answer', async () => {
  let applied = 0;
  start(() => {
    applied += 1;
  });
  await vi.waitFor(() => expect(acked).toContain(1));
  const words = Array.from({ length: 50 }, (_, index) => ({ ...WORD, sequence: index + 2 }));
  streams[0]?.write(words.map((word) => `event: halt\ndata: ${JSON.stringify(word)}\n\n`).join(''));
  await vi.waitFor(() => expect(applied).toBe(words.length), { interval: 1 });
  await vi.waitFor(() => expect(acked).toContain(words.length + 1));
  expect(acked.filter((sequence) => Number(sequence) > 1 && sequence !== words.length + 1)).toEqual(
    [],
  );
});
