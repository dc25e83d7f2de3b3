/**
 * Decisions over HTTP on the embedded log, each durable before it is answered. Rival of the same
 * run: a bare fastify server that parses the same body and answers JSON of the same size.
 */
import { fastify } from 'fastify';
import { EstopProcess } from '../e2e/estop-process.ts';
import { benchFleet } from './bench-fleet.ts';
import { type LoadResult, load } from './load.ts';

const CONNECTIONS = 64;
const SECONDS = 8;
const WARM_UP_SECONDS = 3;
const CALM_PER_SECOND = 1_000;

export interface HttpRow {
  readonly full: LoadResult;
  /** At 1,000 requests a second. */
  readonly calm: LoadResult;
  readonly rival: LoadResult;
  readonly rivalCalm: LoadResult;
}

export async function benchEmbeddedHttp(): Promise<HttpRow> {
  const estop = new EstopProcess({ files: Object.fromEntries(benchFleet()), built: true });
  const rival = fastify();
  rival.post('/', (request) => ({ ...ANSWER, echo: typeof request.body }));
  try {
    await estop.start();
    const request = {
      url: `${estop.url}/v1/intents`,
      headers: {
        authorization: `Bearer ${await estop.agentKey('agent-1')}`,
        'content-type': 'application/json',
      },
      body: BODY,
      connections: CONNECTIONS,
    };
    await load({ ...request, seconds: WARM_UP_SECONDS });
    const full = await load({ ...request, seconds: SECONDS });
    const calm = await load({ ...request, seconds: SECONDS, rate: CALM_PER_SECOND });
    await estop.stop();
    const url = await rival.listen({ port: 0 });
    const headers = { 'content-type': 'application/json' };
    await load({ ...request, url, headers, seconds: WARM_UP_SECONDS });
    const bare = { ...request, url, headers, seconds: SECONDS };
    const rivalCalm = await load({ ...bare, rate: CALM_PER_SECOND });
    return { full, calm, rival: await load(bare), rivalCalm };
  } finally {
    await estop.dispose();
    await rival.close();
  }
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
