import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROBLEMS } from '../src/problems.ts';
import { type Bench, startBench } from './harness.ts';

let bench: Bench;
// biome-ignore lint/suspicious/noExplicitAny: a document under test
let document: any;

beforeAll(async () => {
  bench = await startBench({ isDecided: false });
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
  'GET /v1/fleet',
  'GET /v1/fleet/{hash}',
  'GET /v1/halts',
  'GET /v1/halts/{id}',
  'GET /v1/intents/{id}',
  'GET /v1/lag',
  'GET /v1/records',
  'GET /v1/records/{partition}/{offset}',
  'GET /v1/stream',
  'POST /v1/agents/{id}/budgets/{bid}',
  'POST /v1/agents/{id}/credentials',
  'POST /v1/agents/{id}/resume',
  'POST /v1/agents/{id}/suspend',
  'POST /v1/approvals/{id}',
  'POST /v1/fleet/check',
  'POST /v1/halts',
  'POST /v1/halts/{id}/lift',
  'POST /v1/intents',
  'POST /v1/intents/batch',
  'POST /v1/intents/{id}/outcome',
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
