import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { repairKafkajs } from '@estop/log/kafka/kafkajs-repairs';
import { WireWriter } from '@estop/log/kafka/wire-buffer';
import { protocol } from '@estop/log/kafka/wire-requests';
import { logLevel } from 'kafkajs';
import loggers from 'kafkajs/src/loggers/index.js';
import Connection from 'kafkajs/src/network/connection.js';
import socketFactory from 'kafkajs/src/network/socketFactory.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const REQUEST_TIMEOUT_MS = 400;
const HOUR_MS = 3_600_000;

repairKafkajs();

/** An answer as a broker frames it: its length, the number of the question, what it says. */
function answer(correlationId: number, value: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeInt32BE(8, 0);
  bytes.writeInt32BE(correlationId, 4);
  bytes.writeInt32BE(value, 8);
  return bytes;
}

let server: Server;
let connection: Connection;
let onQuestion: (socket: Socket, correlationId: number) => void;

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    // Length, kind and version of the question stand before its number.
    socket.on('data', (question) => onQuestion(socket, question.readInt32BE(8)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  connection = new Connection({
    host: '127.0.0.1',
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    logger: loggers.createLogger({ level: logLevel.NOTHING, logCreator: () => () => {} }),
    socketFactory: socketFactory(),
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 1_000,
  });
});

afterEach(async () => {
  await connection.disconnect();
  server.close();
});

function ask(body = new WireWriter(16).int32(1)): Promise<number> {
  const api = { apiKey: 3, apiVersion: 0, apiName: 'Metadata' };
  return connection.send(protocol(api, body, (reader) => reader.int32()));
}

describe('a connection of kafkajs', () => {
  it('sends the same bytes whether or not there is room in front of a request', async () => {
    const questions: Buffer[] = [];
    server.on('connection', (socket) => socket.on('data', (bytes) => questions.push(bytes)));
    onQuestion = (socket, correlationId) => socket.write(answer(correlationId, 7));
    await connection.connect();
    for (const room of [0, 3, 20, 256]) {
      expect(await ask(new WireWriter(16, room).int32(1).string('what is asked'))).toBe(7);
    }
    const [first, ...others] = questions.map((bytes) => {
      // Its number is its own.
      return bytes.fill(0, 8, 12).toString('hex');
    });
    expect(first).toMatch(/^0000/);
    expect(others).toEqual([first, first, first]);
  });

  it('that broke in the middle of an answer understands the next one after it is back', async () => {
    await connection.connect();
    onQuestion = (socket, correlationId) => socket.write(answer(correlationId, 1).subarray(0, 10));
    const half = ask();
    await expect.poll(() => connection.bytesBuffered).toBe(10);
    connection.rejectRequests(new Error('no answer in time'));
    await expect(half).rejects.toThrow('no answer in time');
    const left = connection.disconnect();
    connection.socket?.destroy();
    await left;
    onQuestion = (socket, correlationId) => socket.write(answer(correlationId, 2));
    await connection.connect();
    expect(await ask()).toBe(2);
  });

  it.each([
    ['forward', HOUR_MS],
    ['back', -HOUR_MS],
  ])('waits its time for an answer when the wall clock is set %s', async (_, jumpMs) => {
    await connection.connect();
    onQuestion = () => {};
    const unanswered = ask();
    unanswered.catch(() => undefined);
    const startMs = performance.now();
    const nowMs = Date.now();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => nowMs + jumpMs);
    await expect(unanswered).rejects.toThrow('timed out');
    clock.mockRestore();
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(REQUEST_TIMEOUT_MS - 50);
  });
});
