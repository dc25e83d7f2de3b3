/** The types that all routes share. */

import { invariant } from '@estop/schemas/invariant';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TSchema } from 'typebox';
import type { Access, Principal } from '../auth/principal.ts';
import type { ProblemCode, ProblemError } from '../problems.ts';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What the OpenAPI document says of a route beside its schema. */
export interface RouteDoc {
  readonly operationId: string;
  readonly tag:
    | 'Agents'
    | 'Stopping'
    | 'Enforcement'
    | 'Approvals'
    | 'Fleet'
    | 'Operators'
    | 'Observing'
    | 'Process';
  readonly summary: string;
  readonly description?: string;
  /** Answers by status; null: no body. A text instead of a schema is a content type. */
  readonly answers: Readonly<Record<number, TSchema | string | null>>;
  /** Beside those that follow from access and body. */
  readonly problems?: readonly ProblemCode[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route says whom it is for; one that does not is refused at the start. */
    readonly access?: Access;
    readonly doc?: RouteDoc;
  }
  interface FastifyRequest {
    principal: Principal | null;
  }
}

/** Who sends the request; a route that asks must not be public. */
export function principalOf(request: FastifyRequest): Principal {
  invariant(request.principal !== null, 'the route is not public');
  return request.principal;
}

export function sendProblem(reply: FastifyReply, problem: ProblemError): void {
  const { retryAfterS, code } = problem;
  if (retryAfterS !== null) reply.header('retry-after', String(retryAfterS));
  if (code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="estop"');
  const instance = `urn:estop:request:${reply.request.id}`;
  // As bytes: to a text the framework would add a charset, which this type does not have.
  const bytes = Buffer.from(JSON.stringify({ ...problem.body(), instance }), 'utf8');
  reply.code(problem.status).header('content-type', 'application/problem+json').send(bytes);
}
