/** Parts of a request that several routes read the same way. */
import type { Headers } from '@estop/log/port';
import type { FastifyRequest, preValidationHookHandler } from 'fastify';
import { parseDuration } from '../domain/duration.ts';
import { invalidField } from '../problems.ts';

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const NO_HEADERS: Headers = {};

/** The W3C trace of a request, for the records it causes. */
export function traceHeaders(request: FastifyRequest): Headers {
  const { traceparent } = request.headers;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return NO_HEADERS;
  return { traceparent };
}

/** `?wait=` in ms; 0 without it. */
export function waitMsOf(wait: string | undefined): number {
  return wait === undefined ? 0 : (parseDuration(wait) ?? 0);
}

/** A number from 1 to `max` in a query. */
export function countOf(
  text: string | undefined,
  options: { readonly max: number; readonly fallback: number },
): number {
  if (text === undefined) return options.fallback;
  return Math.max(1, Math.min(Number(text), options.max));
}

/** A time in a query: milliseconds since 1970, or an ISO 8601 text. */
export function timeMsOf(text: string, name: string): number {
  const timeMs = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(timeMs)) return timeMs;
  throw invalidField(`?${name}`, 'is no time: milliseconds, or 2026-01-31T12:00:00Z');
}

/** For bodies in which everything is optional: nothing sent is an empty object. */
export const emptyBodyIsObject: preValidationHookHandler = (request, _reply, done) => {
  request.body ??= {};
  done();
};
