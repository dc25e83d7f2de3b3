import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HaltId, ToolName } from '@estop/schemas/ids';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PointStream } from '../src/enforcement/point-stream.ts';
import type { KnownHalt } from '../src/read-models/halt-book.ts';
import { StreamClient, type StreamClientOptions } from '../src/stream/stream-client.ts';
import type { StreamHub } from '../src/stream/stream-hub.ts';

/** As many as may be in force at a time. */
const HALTS = 10_000;

function halted(tool: string): KnownHalt {
  const scope = { fleet: false, group: null, agent: null, tool: tool as ToolName };
  const about = { mode: 'pause', epoch: 1, by: 'olga@example.com', reason: 'over budget' } as const;
  const halt = {
    haltId: `h-${tool}` as HaltId,
    scope,
    ...about,
    until: null,
    lifted: false,
    killers: [],
  };
  return { halt, at: 0 };
}

const server = createServer();

afterEach(() => {
  server.closeAllConnections();
  server.close();
  server.removeAllListeners('request');
});

async function serve(onRequest: (response: ServerResponse) => void): Promise<string> {
  server.on('request', (_, response) => onRequest(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Calls back with an answer whose client has left. */
async function leave(onLeft: (response: ServerResponse) => void): Promise<void> {
  const control = new AbortController();
  const url = await serve((response) => {
    response.on('close', () => setImmediate(() => onLeft(response)));
    control.abort();
  });
  await expect(fetch(url, { signal: control.signal })).rejects.toThrow();
}

describe('the control stream of a point', () => {
  const start = (response: ServerResponse, known: readonly KnownHalt[], onEnd: () => void) => {
    const stream = new PointStream(response, () => ({ epoch: 1, now: 0 }));
    stream.start('one', { known, sequence: 1, agentId: null, groups: null, breaker: null }, onEnd);
  };

  it('begins with all that is halted, however much that is', async () => {
    const known = Array.from({ length: HALTS }, (_, index) => halted(`tool-${index}`));
    const url = await serve((response) => start(response, known, () => undefined));
    const response = await fetch(url);
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.endsWith('\n\n')) break;
    }
    const hello = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? 'null');
    expect(hello.halts).toHaveLength(HALTS);
  });

  it('is over when the client has left before it began', async () => {
    const onEnd = vi.fn();
    await leave((response) => start(response, [], onEnd));
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce());
  });
});

describe('an event stream', () => {
  it('is not joined by a client that has left before it began', async () => {
    const join = vi.fn();
    const hub = { join, nextOffsets: [], position: () => '' } as unknown as StreamHub;
    const left = vi.fn();
    await leave((response) => {
      const parts = { hub, response, heartbeatMs: 1_000, bufferBytesMax: 1 };
      const client = new StreamClient(parts as unknown as StreamClientOptions);
      void client.run(null).then(left);
    });
    await vi.waitFor(() => expect(left).toHaveBeenCalledOnce());
    expect(join).not.toHaveBeenCalled();
  });
});
