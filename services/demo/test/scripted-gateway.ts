/** A gateway with a handful of fixed rules, over real HTTP: what the demo needs to meet. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
// @boundaries-ignore the scripted control plane serves the tests of every package
import { createControlPlane } from '../../../test/harness/control-plane.ts';

export interface ScriptedGateway {
  readonly url: string;
  readonly issued: readonly string[];
  readonly halted: ReadonlySet<string>;
  /** Tools asked for, by agent. */
  readonly toolsByAgent: ReadonlyMap<string, readonly string[]>;
  halt(agent: string): void;
  close(): Promise<void>;
}

import { ON_CALL } from '../src/domain/roster.ts';

export const OPERATOR_KEY = 'operator';
const DELETES_ALLOWED = 3;
/** Then the breaker opens. */
const SEARCHES_ALLOWED = 4;
/** What a person sees of it then. */
const SEEN = {
  breaker: {
    mode: 'open',
    opens: 1,
    explanation: 'crm.search was called 4 times in a row; fewer than 4 are let pass',
  },
  finding: { signal: 'loop', observed: 4, expected: { low: 0, high: 3 } },
};
const PERMITTED: Verdict = ['allow', 'permitted'];

/** Decision and reason. */
type Verdict = readonly [string, string];
/** Status and body. */
type Answer = readonly [number, unknown];

interface Sent {
  readonly id?: string;
  readonly tool?: string;
  readonly point?: string;
  readonly arguments?: Record<string, unknown>;
  readonly provenance?: Record<string, string>;
  readonly scope?: { readonly agent?: string };
}

function unlessMore(asked: number, allowed: number, reason: string): Verdict {
  return asked > allowed ? ['deny', reason] : PERMITTED;
}

function decideUntrusted({ tool }: Sent): Verdict {
  const isPayment = tool === 'payments.send';
  return isPayment ? ['deny', 'budget-exhausted'] : ['needs-approval', 'approval-required'];
}

export async function startScriptedGateway(): Promise<ScriptedGateway> {
  const issued: string[] = [];
  const halted = new Set<string>();
  const toolsByAgent = new Map<string, string[]>();
  const control = await createControlPlane((key) => key.slice('key-of-'.length));
  let deletes = 0;
  let searches = 0;

  function decide(agent: string, sent: Sent): Verdict {
    toolsByAgent.set(agent, [...(toolsByAgent.get(agent) ?? []), sent.tool ?? '']);
    if (halted.has(agent)) return ['deny', 'halted'];
    if (sent.tool === 'crm.delete') {
      deletes += 1;
      return unlessMore(deletes, DELETES_ALLOWED, 'rate-limited');
    }
    if (sent.arguments?.['query'] === 'duplicate') {
      searches += 1;
      return unlessMore(searches, SEARCHES_ALLOWED, 'breaker-open');
    }
    return sent.provenance?.['/to'] === 'tool' ? decideUntrusted(sent) : PERMITTED;
  }

  /** What people ask for; undefined: it is for somebody else. */
  function answerPerson(key: string, path: string, sent: Sent): Answer | undefined {
    if (key === OPERATOR_KEY) {
      const subject = /^\/v1\/(?:agents|people)\/([^/]+)\/credentials$/.exec(path)?.[1] ?? '';
      issued.push(decodeURIComponent(subject));
      return [201, { id: 'c', secret: `key-of-${decodeURIComponent(subject)}` }];
    }
    if (key !== `key-of-${ON_CALL}`) return undefined;
    if (path.startsWith('/v1/breakers/')) return [200, SEEN];
    if (path !== '/v1/halts') return undefined;
    const agent = sent.scope?.agent ?? '';
    halted.add(agent);
    control.halt({ scope: { agent }, mode: 'kill', epoch: 1 });
    const confirmations = { points: 13, confirmed: 13, confirmedInMs: 4 };
    return [201, { id: 'h1', epoch: 1, confirmations }];
  }

  function answer(key: string, path: string, sent: Sent): Answer {
    const toPerson = answerPerson(key, path, sent);
    if (toPerson !== undefined) return toPerson;
    if (!key.startsWith('key-of-')) return [401, { code: 'unauthenticated' }];
    if (path.endsWith('/outcome')) return [204, undefined];
    if (path !== '/v1/intents') return [404, { code: 'not-found' }];
    const [decision, reason] = decide(key.slice('key-of-'.length), sent);
    const approval = { id: 'a', digest: 'sha256:0', expiresAt: 0 };
    return [200, { intentId: sent.id, decision, reason, message: 'so it is', approval }];
  }

  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const key = (request.headers.authorization ?? '').replace('Bearer ', '');
    const path = (request.url ?? '').replace(/\?.*/, '');
    const sent = (text ? JSON.parse(text) : {}) as Sent;
    if (control.answer(request, sent, response)) return;
    const [status, answered] = answer(key, path, sent);
    const isAllowed = sent.point !== undefined && text !== '' && status === 200;
    const permit = isAllowed
      ? await control.permitFor(key.slice('key-of-'.length), { ...sent })
      : '';
    const body = isAllowed ? { ...(answered as object), permit, tier: 'write' } : answered;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    issued,
    halted,
    toolsByAgent,
    halt: (agent) => void halted.add(agent),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
