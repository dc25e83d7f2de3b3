/** Holds every answer against what the served OpenAPI document says that it may be. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { assert } from 'vitest';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Asked {
  readonly method: string;
  /** As it stands in the first line of the request. */
  readonly target: string;
}

/** What an operation may answer: the codes of every refusal, nothing for the others. */
type CodesByStatus = ReadonlyMap<number, ReadonlySet<string>>;

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly parts: readonly string[];
  readonly codesByStatus: CodesByStatus;
}

export interface OpenApi {
  readonly info: { readonly description: string };
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Responses }>>>
  >;
}
type Responses = Readonly<
  Record<string, { readonly description: string; readonly content?: Readonly<object> }>
>;

const PROBLEM_MEMBERS = new Set([
  'type',
  'title',
  'status',
  'code',
  'detail',
  'instance',
  'errors',
]);
const PUBLIC = ['/', '/livez', '/readyz', '/metrics', '/openapi.json'];
const DETAIL_CHARS_MAX = 4_096;
/** What a person should not have to read, and nobody outside should see. */
const INSIDES =
  /\n\s*at |node_modules|node:internal|\.[mc]?[jt]s:\d|TypeError|RangeError|undefined/;

export class Contract {
  readonly #ajv = new Ajv2020({ strict: false });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #operations: readonly Operation[];
  readonly #statusByCode: ReadonlyMap<string, number>;

  constructor(document: OpenApi) {
    this.#ajv.addSchema(document, 'openapi');
    this.#operations = [...operationsOf(document), ...PUBLIC.map(publicOperation)];
    const rows = document.info.description.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm);
    this.#statusByCode = new Map([...rows].map(([, code = '', status]) => [code, Number(status)]));
  }

  /** Fails unless the answer is a documented one; answers its code, or its status without one. */
  check(asked: Asked, answer: Answer): string {
    const { status, body } = answer;
    const shown = `${asked.method} ${asked.target.slice(0, 300)} → ${status} ${body.slice(0, 1_000)}`;
    const code = status >= 400 ? this.checkProblem(answer, shown, asked.method) : null;
    const { operation, isExact } = this.#operationOf(asked);
    const documented = operation?.codesByStatus.get(status);
    if (documented === undefined) {
      // Refused before any operation was found.
      const isAstray = operation === undefined || !isExact;
      assert(isAstray && [400, 404, 405].includes(status), `not documented: ${shown}`);
      return code ?? String(status);
    }
    if (code !== null && documented.size > 0)
      assert(documented.has(code), `no such code: ${shown}`);
    if (code === null && operation !== undefined) this.#checkBody(operation, answer, shown);
    return code ?? String(status);
  }

  /** The code of a refusal, which has the one shape that all have. */
  checkProblem({ status, headers, body }: Answer, shown: string, method = 'GET'): string {
    if (method === 'HEAD') return 'head';
    assert.equal(headers['content-type'], 'application/problem+json', shown);
    const problem: Readonly<Record<string, unknown>> = JSON.parse(body);
    const { code, detail, errors = [] } = problem;
    assert(typeof code === 'string' && this.#statusByCode.get(code) === status, shown);
    assert.notEqual(code, 'internal', shown);
    assert.equal(problem['status'], status, shown);
    assert(typeof detail === 'string' && detail !== '' && detail.length < DETAIL_CHARS_MAX, shown);
    assert(Array.isArray(errors), shown);
    for (const text of [detail, ...errors.map((error) => String(error.detail))]) {
      assert(!INSIDES.test(text.replaceAll(/`[^`]*`/g, '')), `shows its insides: ${shown}`);
    }
    const unknown = Object.keys(problem).filter((name) => !PROBLEM_MEMBERS.has(name));
    assert.deepEqual(unknown, [], shown);
    if (status === 429 || status === 503)
      assert.match(headers['retry-after'] ?? '', /^\d+$/, shown);
    if (status === 401) assert(headers['www-authenticate']?.startsWith('Bearer'), shown);
    if (status === 405) assert(!headers['allow']?.split(', ').includes(method), shown);
    return code;
  }

  #checkBody({ path, method }: Operation, { status, headers, body }: Answer, shown: string): void {
    if (status === 204) return assert.equal(body, '', shown);
    if (!headers['content-type']?.startsWith('application/json') || PUBLIC.includes(path)) return;
    const place = `paths/${escaped(path)}/${method.toLowerCase()}/responses/${status}`;
    const validate = this.#validator(`${place}/content/${escaped('application/json')}/schema`);
    assert(validate(JSON.parse(body)), `${JSON.stringify(validate.errors)}: ${shown}`);
  }

  #validator(place: string): ValidateFunction {
    const known = this.#validators.get(place);
    if (known !== undefined) return known;
    const made = this.#ajv.compile({ $ref: `openapi#/${encodeURI(place)}` });
    this.#validators.set(place, made);
    return made;
  }

  /** `isExact` is false where it is left open whether the path leads there: escapes, empty parts. */
  #operationOf({ method, target }: Asked) {
    const path = target.replace(/^https?:\/\/[^/]*/, '').split(/[?#]/, 1)[0] ?? '';
    const parts = path.split('/').map(decoded);
    const isExact = !path.includes('%') && !parts.slice(1).some((part) => part.length > 1_000);
    const found = this.#operations
      .filter((one) => one.method === method && leadsTo(one.parts, parts))
      .sort((one, other) => variables(one) - variables(other));
    return { operation: found[0], isExact: isExact && (path === '/' || !parts.includes('', 1)) };
  }
}

function operationsOf({ paths }: OpenApi): readonly Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      path,
      method: method.toUpperCase(),
      parts: path.split('/'),
      codesByStatus: new Map(
        Object.entries(responses).map(([status, { description }]) => {
          const codes = [...description.matchAll(/`([a-z-]+)`:/g)].map(([, code = '']) => code);
          return [Number(status), new Set(codes)];
        }),
      ),
    })),
  );
}

function publicOperation(path: string): Operation {
  const codesByStatus = new Map([[200, new Set<string>()]]);
  return { path, method: 'GET', parts: path.split('/'), codesByStatus };
}

function leadsTo(template: readonly string[], parts: readonly string[]): boolean {
  if (template.length !== parts.length) return false;
  return template.every((part, index) => part.startsWith('{') || part === parts[index]);
}

function variables({ parts }: Operation): number {
  return parts.filter((part) => part.startsWith('{')).length;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function escaped(text: string): string {
  return text.replaceAll('~', '~0').replaceAll('/', '~1');
}
