import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROBLEMS } from '../src/problems.ts';
import { type Bench, FLEET, intentOf, startBench } from './harness.ts';

let bench: Bench;
// biome-ignore lint/suspicious/noExplicitAny: a document under test
let document: any;

beforeAll(async () => {
  bench = await startBench();
  document = (await bench.send('GET', '/openapi.json', { key: null })).body;
});
afterAll(() => bench.close());

it('describes every route of the contract', () => {
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.sort()).toEqual(ROUTES);
});

const ROUTES = [
  'DELETE /v1/agents/{id}/credentials/{cid}',
  'DELETE /v1/people/{id}/credentials/{cid}',
  'GET /v1/agents',
  'GET /v1/agents/{id}',
  'GET /v1/approvals',
  'GET /v1/breakers',
  'GET /v1/breakers/{id}',
  'GET /v1/enforcement/keys',
  'GET /v1/enforcement/stream',
  'GET /v1/fleet',
  'GET /v1/fleet/{hash}',
  'GET /v1/halts',
  'GET /v1/halts/{id}',
  'GET /v1/intents/{id}',
  'GET /v1/lag',
  'GET /v1/limits',
  'GET /v1/records',
  'GET /v1/records/{partition}/{offset}',
  'GET /v1/stream',
  'POST /v1/agents/{id}/breaker/rearm',
  'POST /v1/agents/{id}/breaker/trip',
  'POST /v1/agents/{id}/budgets/{bid}',
  'POST /v1/agents/{id}/credentials',
  'POST /v1/agents/{id}/resume',
  'POST /v1/agents/{id}/suspend',
  'POST /v1/approvals/{id}',
  'POST /v1/enforcement/acks',
  'POST /v1/fleet/check',
  'POST /v1/halts',
  'POST /v1/halts/{id}/lift',
  'POST /v1/intents',
  'POST /v1/intents/batch',
  'POST /v1/intents/{id}/outcome',
  'POST /v1/peers/halts',
  'POST /v1/people/{id}/credentials',
  'PUT /v1/agents/{id}/resume',
  'PUT /v1/agents/{id}/suspend',
  'PUT /v1/fleet',
];

it('is OpenAPI 3.1 with unique operations and references that lead somewhere', () => {
  expect(document.openapi).toBe('3.1.0');
  const operations = Object.values(document.paths).flatMap((one) => Object.values(one as object));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const references = [
    ...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
  ];
  expect(references.length).toBeGreaterThan(20);
  for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name);
});

it('says which bodies may be left out', () => {
  const { paths } = document;
  expect(paths['/v1/intents'].post.requestBody.required).toBe(true);
  expect(paths['/v1/intents/batch'].post.requestBody.required).toBe(true);
  expect(paths['/v1/agents/{id}/suspend'].post.requestBody.required).toBe(false);
});

it('names every code of the table', () => {
  for (const code of Object.keys(PROBLEMS))
    expect(document.info.description).toContain(`\`${code}\``);
});

it('has a page that takes nothing from elsewhere', async () => {
  const page = await bench.send('GET', '/', { key: null });
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//);
});

it('describes the answers as they are', async () => {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, 'openapi');
  const escaped = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1');

  async function check(method: string, path: string, route: string, body?: object, key?: string) {
    const answer = await bench.send(method, path, { body, ...(key === undefined ? {} : { key }) });
    expect(answer.status, `${method} ${path}`).toBeLessThan(300);
    const content = `content/${escaped('application/json')}/schema`;
    const place = `paths/${escaped(route)}/${method.toLowerCase()}/responses/${answer.status}/${content}`;
    const validate = ajv.compile({ $ref: `openapi#/${encodeURI(place)}` });
    validate(answer.body);
    expect(validate.errors, `${method} ${path}`).toBeNull();
    return answer.body;
  }

  const ask = '/v1/intents?agent=billing-bot';
  await check('POST', ask, '/v1/intents', intentOf('o-1'));
  await check('POST', ask, '/v1/intents', intentOf('o-2', { tool: 'none' }));
  const pending = intentOf('o-3', { tool: 'crm.delete', arguments: { id: 1 } });
  const { approval } = await check('POST', ask, '/v1/intents', pending);
  await check('GET', '/v1/intents/o-3?agent=billing-bot', '/v1/intents/{id}');
  await check('GET', '/v1/approvals', '/v1/approvals');
  // Nobody approves what they proposed themselves.
  const key = await bench.keyOf('dana@example.com');
  const vote = { decision: 'approve', digest: approval.digest };
  await check('POST', `/v1/approvals/${approval.id}`, '/v1/approvals/{id}', vote, key);
  await check('GET', '/v1/approvals?state=all', '/v1/approvals');
  const halt = { scope: { agent: 'crm-bot', tool: 'crm.read' }, mode: 'pause', for: '1h' };
  const { id } = await check('POST', '/v1/halts', '/v1/halts', halt);
  await check('GET', '/v1/halts', '/v1/halts');
  await check('GET', '/v1/agents', '/v1/agents');
  await check('POST', `/v1/halts/${id}/lift`, '/v1/halts/{id}/lift', { reason: 'over' });
  await check('GET', '/v1/halts?state=all', '/v1/halts');
  await check('GET', `/v1/halts/${id}`, '/v1/halts/{id}');
  const credentials = '/v1/agents/billing-bot/credentials';
  await check('POST', credentials, '/v1/agents/{id}/credentials', { kind: 'api-key' });
  await check('POST', '/v1/agents/crm-bot/suspend', '/v1/agents/{id}/suspend', {});
  const budget = '/v1/agents/billing-bot/budgets/calls';
  await check('POST', budget, '/v1/agents/{id}/budgets/{bid}', { raiseBy: 1, reason: 'more' });
  await check('GET', '/v1/agents/billing-bot', '/v1/agents/{id}');
  await check('PUT', '/v1/fleet', '/v1/fleet', { files: FLEET });
  await check('POST', '/v1/fleet/check', '/v1/fleet/check', { files: FLEET });
  await check('GET', '/v1/fleet', '/v1/fleet');
  await check('GET', '/v1/records?limit=1000', '/v1/records');
  await check('GET', '/v1/records/0/0', '/v1/records/{partition}/{offset}');
  await check('GET', '/v1/lag', '/v1/lag');
});
