/** OpenAPI 3.1 from the schemas that the routes are checked with, so that neither can be wrong alone. */
import type { Access } from '../auth/principal.ts';
import { PROBLEMS, type ProblemCode } from '../problems.ts';
import type { RouteDoc } from './app.ts';
import { Problem } from './schemas.ts';

export interface DocumentedRoute {
  readonly url: string;
  readonly method: string;
  readonly schema: {
    readonly body?: unknown;
    readonly querystring?: unknown;
    readonly params?: unknown;
  };
  readonly access: Access;
  readonly doc: RouteDoc;
}

type Json = Readonly<Record<string, unknown>>;

const INTRODUCTION = [
  'An emergency stop for fleets of AI agents: agents say what they are about to do, estop decides.',
  'Every refusal is `application/problem+json` (RFC 9457) with a `code` of this closed table:',
].join('\n\n');

export function openApiOf(routes: readonly DocumentedRoute[]): object {
  const components = new Map<string, unknown>();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.url.replace(/:([a-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, components) };
  }
  const problem = hoist(Problem, components);
  return {
    openapi: '3.1.0',
    info: { title: 'estop', version: '1', description: `${INTRODUCTION}\n\n${problemTable()}` },
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(components),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, or a JWT of a configured issuer.',
        },
      },
      responses: {
        Problem: {
          description: 'A refusal',
          content: { 'application/problem+json': { schema: problem } },
        },
      },
    },
  };
}

function operationOf(route: DocumentedRoute, components: Map<string, unknown>): Json {
  const { schema, access, doc, method } = route;
  const suffix = method === 'PUT' && !doc.operationId.startsWith('put') ? 'Put' : '';
  const isBatch = doc.operationId === 'proposeBatch';
  const bodyType = isBatch ? 'application/x-ndjson' : 'application/json';
  const body = isBatch ? { type: 'string' } : schema.body;
  return {
    operationId: `${doc.operationId}${suffix}`,
    tags: [doc.tag],
    summary: doc.summary,
    // Nobody need say who they are.
    ...(access === 'public' ? { security: [] } : {}),
    description: [doc.description, accessText(access)].filter(Boolean).join('\n\n'),
    parameters: [
      ...parametersOf(schema.params, 'path', components),
      ...parametersOf(schema.querystring, 'query', components),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: isBatch || (partsOf(body).required ?? []).length > 0,
            content: { [bodyType]: { schema: hoist(body, components) } },
          },
        }),
    responses: { ...answersOf(doc, components), ...refusalsOf(route) },
  };
}

function accessText(access: Access): string {
  if (access === 'agent') return 'For agents, and for operators in their place.';
  if (access === 'agent-or-viewer') return 'For agents about themselves, and for every person.';
  return access === 'public' ? 'For everybody.' : `For people of the role ${access} or above.`;
}

function parametersOf(schema: unknown, place: string, components: Map<string, unknown>): Json[] {
  const { properties = {}, required = [] } = partsOf(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: hoist(property, components),
  }));
}

function partsOf(schema: unknown): {
  readonly properties?: Json;
  readonly required?: readonly string[];
} {
  return typeof schema === 'object' && schema !== null ? schema : {};
}

function answersOf({ answers, summary }: RouteDoc, components: Map<string, unknown>): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      if (answer === null) return [status, { description: 'Done' }];
      const type = typeof answer === 'string' ? answer : 'application/json';
      const schema = typeof answer === 'string' ? { type: 'string' } : hoist(answer, components);
      return [status, { description: summary, content: { [type]: { schema } } }];
    }),
  );
}

function refusalsOf({ schema, access, doc, method }: DocumentedRoute): Json {
  const codes = new Set<ProblemCode>(doc.problems ?? []);
  if (access !== 'public') {
    codes
      .add('unauthenticated')
      .add('too-many-failures')
      .add('forbidden')
      .add('issuer-unavailable');
  }
  if (access === 'agent' || access === 'agent-or-viewer') codes.add('acting-for-another');
  if (schema.params !== undefined) codes.add('malformed');
  if (schema.querystring !== undefined || schema.params !== undefined) codes.add('invalid-request');
  if (schema.body !== undefined || method === 'POST') {
    codes.add('malformed').add('too-large').add('unsupported-media-type').add('invalid-request');
  }
  const codesByStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    codesByStatus.set(status, [...(codesByStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...codesByStatus].map(([status, ofStatus]) => {
      const description = ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; ');
      const schemaOfProblem = { $ref: '#/components/schemas/Problem' };
      return [
        status,
        { description, content: { 'application/problem+json': { schema: schemaOfProblem } } },
      ];
    }),
  );
}

/** Puts every schema with a title among the components and a reference in its place. */
function hoist(schema: unknown, components: Map<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((item) => hoist(item, components));
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, hoist(value, components)]);
  const copy: Json = Object.fromEntries(entries);
  const { title } = copy;
  if (typeof title !== 'string') return copy;
  components.set(title, copy);
  return { $ref: `#/components/schemas/${title}` };
}

function problemTable(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status, title, remedy }]) => {
    return `| \`${code}\` | ${status} | ${title} | ${remedy} |`;
  });
  return ['| code | status | meaning | what to do |', '|---|---|---|---|', ...rows].join('\n');
}
