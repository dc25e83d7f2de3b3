/** A gateway that answers what the test scripts, over real HTTP, and keeps what it was sent. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
// @boundaries-ignore the scripted control plane serves the tests of every package
import { type ControlPlane, createControlPlane } from '../../../test/harness/control-plane.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authorization: string;
  readonly body: Record<string, unknown>;
}

export type Answer =
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'hang-up';

export interface ScriptedServer {
  readonly control: ControlPlane;
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** Starts a server whose n-th answer is `answer(request, n)`. */
export async function startScripted(
  answer: (asked: Asked, index: number) => Answer,
): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const control = await createControlPlane(() => 'agent-1');
  const server = createServer(async (request, response) => {
    const one: Asked = {
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization ?? '',
      body: await readJson(request),
    };
    if (control.answer(request, one.body, response)) return;
    asked.push(one);
    const reply = answer(one, asked.length - 1);
    if (reply === 'hang-up') {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    const body = await withPermit(control, asked, reply.body);
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    control,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function allowOf(intentId: unknown): Answer {
  return { status: 200, body: decisionOf(intentId, 'allow', 'permitted') };
}

export function denyOf(intentId: unknown, reason = 'forbidden'): Answer {
  return { status: 200, body: decisionOf(intentId, 'deny', reason) };
}

export function pendOf(intentId: unknown): Answer {
  const approval = { id: `a:${intentId}`, digest: 'sha256:00', expiresAt: 2_000 };
  const decision = decisionOf(intentId, 'needs-approval', 'approval-required');
  return { status: 200, body: { ...decision, approval } };
}

function decisionOf(intentId: unknown, decision: string, reason: string) {
  return {
    intentId,
    decision,
    reason,
    message: 'because',
    rules: ['rule-1'],
    policy: 'sha256:ab',
    at: 1_000,
    record: { partition: 1, offset: 7 },
    limits: [{ id: 'spend', unit: 'microUsd', remaining: 5 }],
  };
}

/** An allow for a question that named its point carries a permit for it. */
async function withPermit(
  control: ControlPlane,
  asked: readonly Asked[],
  body: unknown,
): Promise<unknown> {
  if (typeof body !== 'object' || body === null) return body;
  const { decision, intentId } = body as { readonly decision?: string; readonly intentId?: string };
  const intent = asked.find((one) => one.body['id'] === intentId)?.body;
  if (decision !== 'allow' || intent?.['point'] === undefined) return body;
  return { permit: await control.permitFor('agent-1', intent), tier: 'write', ...body };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
