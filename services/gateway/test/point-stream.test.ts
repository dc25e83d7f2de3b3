import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HaltId, ToolName } from '@estop/schemas/ids';
import { afterEach, describe, expect, it } from 'vitest';
import { PointStream } from '../src/enforcement/point-stream.ts';
import type { KnownHalt } from '../src/read-models/halt-book.ts';

/** As many as may be in force at a time. */
const HALTS = 10_000;

function halted(tool: string): KnownHalt {
  const scope = { fleet: false, group: null, agent: null, tool: tool as ToolName };
  const about = { mode: 'pause', epoch: 1, by: 'olga@example.com', reason: 'over budget' } as const;
  const halt = { haltId: `h-${tool}` as HaltId, scope, ...about, until: null, lifted: false };
  return { halt, at: 0 };
}

describe('the control stream of a point', () => {
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

  const start = (response: ServerResponse, known: readonly KnownHalt[], onEnd: () => void) => {
    const stream = new PointStream(response, () => ({ epoch: 1, now: 0 }));
    stream.start('one', { known, sequence: 1, agentId: null, groups: null }, onEnd);
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
});
