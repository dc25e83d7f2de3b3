/**
 * Decisions over HTTP on the embedded log, each durable before it is answered. Rivals of the same
 * run: a bare fastify server that parses the same body and answers JSON of the same size, and one
 * that puts the body into LMDB, synced, before it answers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FastifyInstance, fastify } from 'fastify';
import { open } from 'lmdb';
import { EstopProcess } from '../e2e/estop-process.ts';
import { benchFleet } from './bench-fleet.ts';
import { type LoadOptions, type LoadResult, load } from './load.ts';

const CONNECTIONS = 64;
const SECONDS = 8;
const WARM_UP_SECONDS = 3;
const CALM_PER_SECOND = 1_000;

/** As many requests as go, and 1,000 a second. */
interface HttpRow {
  readonly full: LoadResult;
  readonly calm: LoadResult;
}

export interface HttpRows {
  readonly estop: HttpRow;
  readonly bareFastify: HttpRow;
  readonly fastifyWithLmdb: HttpRow;
}

export async function benchEmbeddedHttp(): Promise<HttpRows> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  try {
    return {
      estop: await measureEstop(),
      bareFastify: await measureServer(bareServer()),
      fastifyWithLmdb: await measureServer(durableServer(join(folder, 'rival'))),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureEstop(): Promise<HttpRow> {
  const estop = new EstopProcess({ files: Object.fromEntries(benchFleet()), built: true });
  try {
    await estop.start();
    const authorization = `Bearer ${await estop.agentKey('agent-1')}`;
    return await measure(`${estop.url}/v1/intents`, { authorization });
  } finally {
    await estop.dispose();
  }
}

async function measureServer(server: FastifyInstance): Promise<HttpRow> {
  try {
    return await measure(await server.listen({ port: 0 }), {});
  } finally {
    await server.close();
  }
}

async function measure(url: string, headers: LoadOptions['headers']): Promise<HttpRow> {
  const json = { ...headers, 'content-type': 'application/json' };
  const request = { url, headers: json, body: BODY, connections: CONNECTIONS };
  await load({ ...request, seconds: WARM_UP_SECONDS });
  const full = await load({ ...request, seconds: SECONDS });
  return { full, calm: await load({ ...request, seconds: SECONDS, rate: CALM_PER_SECOND }) };
}

function bareServer(): FastifyInstance {
  const server = fastify();
  server.post('/', (request) => ({ ...ANSWER, echo: typeof request.body }));
  return server;
}

function durableServer(path: string): FastifyInstance {
  const server = fastify();
  const db = open<Buffer, number>({ path, encoding: 'binary', overlappingSync: false });
  let next = 0;
  server.post('/', async (request) => {
    next += 1;
    await db.put(next, Buffer.from(JSON.stringify(request.body)));
    return ANSWER;
  });
  server.addHook('onClose', () => db.close());
  return server;
}

const BODY = JSON.stringify({
  id: '[<id>]',
  tool: 'tool.2',
  arguments: { id: 'order-77', amountMicroUsd: 12, note: 'a line of text as agents write' },
  reason: 'the customer asked for it in the ticket',
  session: 'session-1',
  provenance: { '/id': 'user' },
});

const ANSWER = {
  intentId: '0'.repeat(30),
  decision: 'allow',
  reason: 'permitted',
  message: 'permitted by writes',
  rules: ['writes'],
  policy: `sha256:${'0'.repeat(64)}`,
  at: 1_768_446_000_000,
  record: { partition: 3, offset: 123_456 },
  limits: [
    { id: 'spend', unit: 'microUsd', remaining: 3_999_999_999_999_999 },
    { id: 'calls', unit: 'calls', remaining: 3_999_999_999_999_999 },
    { id: 'writes', unit: 'calls', remaining: 999_999_999 },
  ],
};

if (process.argv[1] === import.meta.filename) console.log(await benchEmbeddedHttp());
