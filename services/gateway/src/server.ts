/** The HTTP server: what holds for every route, and then the routes. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { invariant } from '@estop/schemas/invariant';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { FailureLimit } from './auth/failure-limit.ts';
import { requireAccess } from './auth/principal.ts';
import type { GatewayContext } from './context.ts';
import { type App, sendProblem } from './http/app.ts';
import { logProblem, problemOf } from './http/errors.ts';
import { parseJsonBody } from './http/json-body.ts';
import { MethodTable } from './http/method-table.ts';
import { type DocumentedRoute, openApiOf } from './http/openapi.ts';
import { ProblemError } from './problems.ts';
import { agentRoutes } from './routes/agents.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { batchRoutes } from './routes/batch.ts';
import { breakerWatchRoutes } from './routes/breaker-watch.ts';
import { breakerRoutes } from './routes/breakers.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { enforcementRoutes } from './routes/enforcement.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { haltRoutes } from './routes/halts.ts';
import { intentRoutes } from './routes/intents.ts';
import { limitRoutes } from './routes/limits.ts';
import { peerRoutes } from './routes/peers.ts';
import { processRoutes } from './routes/process.ts';
import { recordRoutes } from './routes/records.ts';
import { streamRoutes } from './routes/stream.ts';

const REQUEST_TIMEOUT_MS = 300_000;
const HEADERS_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 75_000;
const PARAM_CHARS_MAX = 1_024;

export function createApp(context: GatewayContext): App {
  const { limits } = context.config;
  const app: App = fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    requestIdHeader: false,
    genReqId: requestIds(),
    exposeHeadRoutes: false,
    // The router does not look at the first character: `*v1/halts` would be `/v1/halts`.
    rewriteUrl: ({ url = '/' }) => (url.startsWith('*') ? `/${url}` : url),
    routerOptions: { maxParamLength: PARAM_CHARS_MAX },
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Node would refuse a request without a host itself, with no word why.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false },
    forceCloseConnections: 'idle',
    // Who still gets through while the gateway closes is answered as ever.
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOf(error)),
    clientErrorHandler: refuseUnreadable,
  });
  app.server.maxConnections = limits.connections;
  // An expectation that is not known may be passed over (RFC 9110, 10.1.1); Node would answer 417.
  app.server.on('checkExpectation', (request, reply) => app.server.emit('request', request, reply));
  requireHost(app);
  readJsonStrictly(app, limits.jsonDepth);
  answerErrors(app, context);
  authenticateAll(app, context);
  app.addHook('onResponse', (request, reply, done) => {
    context.counts.request(routeOf(request), reply.statusCode);
    done();
  });
  addRoutes(app, context);
  return app;
}

function addRoutes(app: App, context: GatewayContext): void {
  const methods = new MethodTable();
  const documented: DocumentedRoute[] = [];
  app.addHook('onRoute', ({ url, method, schema, config }) => {
    const { access, doc } = config ?? {};
    invariant(access !== undefined, `the route ${url} says whom it is for`);
    for (const one of [method].flat()) {
      methods.add(url, one);
      if (doc !== undefined)
        documented.push({ url, method: one, schema: schema ?? {}, access, doc });
    }
  });
  const refuseAstray = (request: FastifyRequest, reply: FastifyReply): void => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = methods.allowed(path);
    if (allowed.length === 0) {
      return sendProblem(reply, new ProblemError('not-found', 'there is no such path'));
    }
    reply.header('allow', allowed.join(', '));
    const detail = `this path answers ${allowed.join(', ')}`;
    return sendProblem(reply, new ProblemError('method-not-allowed', detail));
  };
  // Before the body is looked at: what is wrong with it is no matter then.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) refuseAstray(request, reply);
    else done();
  });
  app.setNotFoundHandler(refuseAstray);
  processRoutes(app, context, () => openApiOf(documented));
  intentRoutes(app, context);
  batchRoutes(app, context);
  haltRoutes(app, context);
  enforcementRoutes(app, context);
  peerRoutes(app, context);
  approvalRoutes(app, context);
  agentRoutes(app, context);
  breakerRoutes(app, context);
  breakerWatchRoutes(app, context);
  limitRoutes(app, context);
  credentialRoutes(app, context);
  fleetRoutes(app, context);
  recordRoutes(app, context);
  streamRoutes(app, context);
}

/** RFC 9112, 3.2. */
function requireHost(app: App): void {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const isMissing = raw.headers.host === undefined && raw.httpVersion === '1.1';
    done(isMissing ? new ProblemError('malformed', 'the request names no host') : undefined);
  });
}

/** The one reader of bodies: no other type, no other JSON parser. */
function readJsonStrictly(app: App, depthMax: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (_request, bytes, done) => {
      try {
        done(null, bytes.length === 0 ? undefined : parseJsonBody(bytes, depthMax));
      } catch (error) {
        done(problemOf(error));
      }
    },
  );
}

function answerErrors(app: App, { logger }: GatewayContext): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    logProblem(logger, problem, { id: request.id, route: routeOf(request) });
    sendProblem(reply, problem);
  });
}

function authenticateAll(app: App, { authenticator, counts, clock }: GatewayContext): void {
  const failures = new FailureLimit(clock);
  app.decorateRequest('principal', null);

  function refuse(request: FastifyRequest): ProblemError {
    counts.authFailures.inc();
    const retryAfterS = failures.retryAfterS(request.ip);
    if (retryAfterS !== null) {
      const detail = 'too many requests without a valid credential';
      return new ProblemError('too-many-failures', detail, { retryAfterS });
    }
    return new ProblemError('unauthenticated', 'the credential is missing or not valid');
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const { access = 'public' } = request.routeOptions.config;
    if (access === 'public') return done();
    const admit = (principal: FastifyRequest['principal'] | undefined): void => {
      if (principal === undefined || principal === null) throw refuse(request);
      requireAccess(principal, access);
      request.principal = principal;
    };
    try {
      const principal = authenticator.authenticate(request.headers.authorization);
      if (!(principal instanceof Promise)) {
        admit(principal);
        return done();
      }
      principal.then(admit).then(() => done(), done);
    } catch (error) {
      done(problemOf(error));
    }
  });
}

/** What the parser of HTTP itself cannot read. */
function refuseUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const body = JSON.stringify(new ProblemError('malformed', 'this is not HTTP').body());
  const head = [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

function requestIds(): () => string {
  const start = randomBytes(6).toString('base64url');
  let count = 0;
  return () => {
    count += 1;
    return `${start}-${count.toString(36)}`;
  };
}
