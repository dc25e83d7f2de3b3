/** Many intents in one request: `/v1/intents/batch`, NDJSON in and out, in order. */

import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { actingAgent } from '../auth/principal.ts';
import type { GatewayContext } from '../context.ts';
import { type App, principalOf } from '../http/app.ts';
import { problemOf } from '../http/errors.ts';
import { parseJsonBody } from '../http/json-body.ts';
import { OrderedLines } from '../http/ordered-lines.ts';
import { traceHeaders } from '../http/request-parts.ts';
import { AgentQuery, IntentBody, strict } from '../http/schemas.ts';
import { splitLines } from '../http/split-lines.ts';
import { validationProblem } from '../http/validation-errors.ts';
import { statedIntent } from '../intents/intent-record.ts';
import { ProblemError } from '../problems.ts';
import { proposerOf } from './intents.ts';

const NDJSON = 'application/x-ndjson';

export function batchRoutes(app: App, context: GatewayContext): void {
  // A scope of its own: elsewhere this type is refused.
  app.register((scope: App, _options, ready) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(NDJSON, (_request, payload, done) => done(null, payload));
    addBatch(scope, context);
    ready();
  });
}

function addBatch(app: App, context: GatewayContext): void {
  app.post(
    '/v1/intents/batch',
    {
      schema: { querystring: strict({ agent: AgentQuery }) },
      config: {
        access: 'agent',
        doc: {
          operationId: 'proposeBatch',
          tag: 'Agents',
          summary: 'Ask for many intents in one request',
          description:
            'One intent per line in, one answer per line out, in the same order: a decision, or a problem ' +
            'with `line` and, where it could be read, `intentId`. Operators name `agent` in each line or once in the query.',
          answers: { 200: NDJSON },
        },
      },
    },
    async (request, reply) => {
      const body: unknown = request.body;
      if (!isReadable(body)) throw new ProblemError('malformed', 'the batch has no body');
      if (request.query.agent !== undefined) {
        actingAgent(principalOf(request), { query: request.query.agent });
      }
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store' });
      await answerLines(context, {
        request,
        body,
        response: reply.raw,
        agent: request.query.agent,
      });
    },
  );
}

interface Batch {
  readonly request: FastifyRequest;
  readonly body: Readable;
  readonly response: ServerResponse;
  readonly agent: string | undefined;
}

/** Reads lines only as fast as answers leave, so that a batch of any length takes bounded memory. */
async function answerLines(context: GatewayContext, batch: Batch): Promise<void> {
  const { limits } = context.config;
  const { body, response } = batch;
  const answers = new OrderedLines(response, limits.batchInflight);
  let line = 0;
  try {
    for await (const bytes of splitLines(body, limits.bodyBytes)) {
      line += 1;
      if (line > limits.batchLines) {
        const detail = `a batch has at most ${limits.batchLines} lines; the rest was not read`;
        answers.next()(problemLine(new ProblemError('too-large', detail), line, undefined));
        break;
      }
      if (bytes !== null && bytes.length === 0) continue;
      askLine(context, batch, { bytes, line, answer: answers.next() });
      if (answers.isFull) await answers.room();
      if (response.destroyed) return;
      // What was read is answered; the rest may be asked of another gateway.
      if (context.closing.signal.aborted) break;
    }
    await answers.finished();
    response.end();
  } catch {
    // The connection broke; what was asked stays in the log, and may be asked again.
    response.destroy();
  }
}

interface Line {
  /** Null: longer than one line may be. */
  readonly bytes: Uint8Array | null;
  readonly line: number;
  readonly answer: (text: string) => void;
}

function askLine(context: GatewayContext, batch: Batch, { bytes, line, answer }: Line): void {
  let id: string | undefined;
  const refuse = (problem: ProblemError): void => {
    context.counts.undecided(problem.code);
    answer(problemLine(problem, line, id));
  };
  const startMs = context.clock.monotonicMs();
  try {
    if (bytes === null) throw new ProblemError('too-large', 'the line is above 256 KiB');
    const body = readIntent(context, batch.request, bytes);
    id = body.id;
    const principal = principalOf(batch.request);
    const agentId = actingAgent(principal, { body: body.agent ?? batch.agent });
    const stated = statedIntent(body, agentId, proposerOf(principal));
    const headers = traceHeaders(batch.request);
    context.proposer.propose(stated, { headers, waitMs: 0 }, (problem, decision) => {
      if (decision === null) return refuse(problem ?? new ProblemError('internal', 'no decision'));
      context.counts.decided(decision, (context.clock.monotonicMs() - startMs) / 1_000);
      context.permits.bodyOf(decision, true).then(
        (answered) => answer(JSON.stringify(answered)),
        (error: unknown) => refuse(problemOf(error)),
      );
    });
  } catch (error) {
    refuse(problemOf(error));
  }
}

function readIntent(
  { config }: GatewayContext,
  request: FastifyRequest,
  bytes: Uint8Array,
): Static<typeof IntentBody> {
  const value = parseJsonBody(bytes, config.limits.jsonDepth);
  const validate = request.compileValidationSchema(IntentBody, 'body');
  if (validate(value)) return value as Static<typeof IntentBody>;
  throw validationProblem(validate.errors ?? [], 'body');
}

function problemLine(problem: ProblemError, line: number, id: string | undefined): string {
  return JSON.stringify({ ...problem.body(), line, ...(id === undefined ? {} : { intentId: id }) });
}

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}
