/**
 * The control plane of a gateway as a test scripts it: streams, acks, keys and permits, over real
 * HTTP. What is decided is the test's own.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { intentDigest } from '@estop/schemas/digest';
import canonicalize from 'canonicalize';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const HEARTBEAT_MS = 200;
const LEASE_MS = 3_000;

export interface ScriptedHalt {
  readonly scope: Readonly<Record<string, unknown>>;
  readonly mode: 'pause' | 'drain' | 'kill';
  readonly epoch: number;
  readonly id?: string;
  readonly lifted?: boolean;
}

/** What was sent to `/v1/intents`. */
export interface SentIntent {
  readonly id?: unknown;
  readonly tool?: unknown;
  readonly arguments?: unknown;
  readonly point?: unknown;
}

export interface ControlPlane {
  /** Answers a request of the control plane; false: it is for somebody else. */
  answer(request: IncomingMessage, body: unknown, response: ServerResponse): boolean;
  /** A permit for an intent that was sent to `/v1/intents`. */
  permitFor(
    agent: string,
    intent: SentIntent,
    claims?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  /** Tells every point. */
  halt(halt: ScriptedHalt): void;
  /** Tells every point that the breaker of its agent is another now. */
  breaker(breaker: {
    readonly mode: string;
    readonly since?: number;
    readonly held?: boolean;
  }): void;
  /** From now on no lease is given, and nothing is heard. */
  fallSilent(): void;
  /** What points have confirmed, by name. */
  readonly epochByPoint: ReadonlyMap<string, number>;
}

/** `agentOf`: whose key it is. */
export async function createControlPlane(
  agentOf: (key: string) => string,
  groups: readonly string[] = [],
): Promise<ControlPlane> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' };
  const streams = new Set<ServerResponse>();
  const epochByPoint = new Map<string, number>();
  const halts: object[] = [];
  let sequence = 1;
  let isSilent = false;

  function stream(response: ServerResponse, agent: string, point: string): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const hello = { point, leaseMs: LEASE_MS, renewMs: HEARTBEAT_MS, epoch: 0 };
    send(response, 'hello', { ...hello, agent, groups, sequence, halts });
    const beat = setInterval(() => {
      if (!isSilent) send(response, 'heartbeat', { epoch: 0, now: Date.now() });
    }, HEARTBEAT_MS);
    streams.add(response);
    response.on('close', () => {
      clearInterval(beat);
      streams.delete(response);
    });
  }

  return {
    epochByPoint,
    answer(request, body, response) {
      const url = new URL(request.url ?? '/', 'http://estop');
      if (url.pathname === '/v1/enforcement/stream') {
        if (isSilent) response.writeHead(503).end();
        else stream(response, agentOf(keyOf(request)), url.searchParams.get('point') ?? '');
        return true;
      }
      if (url.pathname === '/v1/enforcement/keys') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ keys: [jwk] }));
        return true;
      }
      if (url.pathname !== '/v1/enforcement/acks') return false;
      const { at, point, epoch } = body as { at: number; point: string; epoch: number };
      epochByPoint.set(point, epoch);
      response.writeHead(200, { 'content-type': 'application/json' });
      const leaseMs = isSilent ? 0 : LEASE_MS;
      response.end(JSON.stringify({ epoch: 0, at, leaseMs, now: Date.now() }));
      return true;
    },
    permitFor(agent, intent, claims = {}) {
      const nowMs = Date.now();
      const { id, tool, point } = intent as { id: string; tool: string; point: string };
      const args = canonicalize(intent.arguments) ?? '{}';
      return new SignJWT({
        ...{ iss: 'estop', sub: agent, aud: point, jti: `${agent} ${id}`, intent: id, tool },
        ...{ tier: 'write', digest: intentDigest(agent, tool, args), groups, epochs: {} },
        ...{ record: { partition: 0, offset: 0 }, spendUntil: nowMs + 60_000 },
        decidedAt: nowMs,
        ...{ iat: nowMs / 1_000, exp: nowMs / 1_000 + 30, ...claims },
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'estop-permit+jwt', kid: 'k1' })
        .sign(privateKey);
    },
    halt({ id = `h-${randomUUID()}`, lifted = false, ...halt }) {
      sequence += 1;
      const body = { id, ...halt, by: 'dana', reason: 'a test', until: null, lifted, at: 0 };
      halts.push(body);
      for (const response of streams) send(response, 'halt', { sequence, ...body });
    },
    breaker(breaker) {
      for (const response of streams) send(response, 'breaker', breaker);
    },
    fallSilent() {
      isSilent = true;
    },
  };
}

function keyOf({ headers }: IncomingMessage): string {
  return (headers.authorization ?? '').replace('Bearer ', '');
}

function send(response: ServerResponse, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
