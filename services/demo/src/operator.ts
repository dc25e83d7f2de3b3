/** What the demo does as an operator, over HTTP as any operator would: keys, a look, a halt. */
import { EstopError } from '@estop/schemas/errors';
import { type SeenBreaker, seenBreaker } from './domain/seen-breaker.ts';

const TIMEOUT_MS = 10_000;
/** What follows a look does not wait for it. */
const LOOK_TIMEOUT_MS = 2_000;
/** Longer than any lease. */
const CONFIRM_S = 5;

export interface Operator {
  /** A new API key of an agent, or of a person when it is an e-mail address. */
  issueKey(subject: string): Promise<string>;
  /** Whether estop accepts this key. */
  isAccepted(key: string): Promise<boolean>;
  /** The breaker of an agent, as a person with this key sees it. */
  lookAt(agent: string, key: string): Promise<SeenBreaker>;
  /**
   * Kills what an agent does, with the key of a person, and waits until every enforcement point has
   * confirmed or is fenced. Answers who confirmed, in words.
   */
  killAgent(
    agent: string,
    order: { readonly key: string; readonly reason: string },
  ): Promise<string>;
}

/** Every method throws EstopError `request-failed` or `gateway-unreachable`. */
export function createOperator(url: string, operatorKey: string): Operator {
  async function request(
    path: string,
    key: string,
    { body, timeoutMs = TIMEOUT_MS }: { readonly body?: object; readonly timeoutMs?: number } = {},
  ): Promise<Response> {
    try {
      return await fetch(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new EstopError('gateway-unreachable', `nobody answers at ${url}`, { cause: error });
    }
  }

  async function post(path: string, body: object, key = operatorKey): Promise<unknown> {
    return answerOf(`POST ${path}`, await request(path, key, { body }));
  }

  return {
    async issueKey(subject) {
      const owner = subject.includes('@') ? 'people' : 'agents';
      const path = `/v1/${owner}/${encodeURIComponent(subject)}/credentials`;
      const answer = await post(path, { kind: 'api-key' });
      if (typeof answer === 'object' && answer !== null && 'secret' in answer) {
        if (typeof answer.secret === 'string') return answer.secret;
      }
      throw new EstopError('request-failed', `POST ${path}: the answer holds no secret`);
    },
    async isAccepted(key) {
      // Nobody asked this; a key that is accepted is told so with 404.
      const { status } = await request('/v1/intents/never-asked', key);
      return status !== 401 && status !== 403;
    },
    async lookAt(agent, key) {
      const path = `/v1/breakers/${encodeURIComponent(agent)}`;
      return seenBreaker(
        await answerOf(`GET ${path}`, await request(path, key, { timeoutMs: LOOK_TIMEOUT_MS })),
      );
    },
    async killAgent(agent, { key, reason }) {
      const body = { scope: { agent }, mode: 'kill', reason };
      return confirmationOf(await post(`/v1/halts?wait=${CONFIRM_S}s`, body, key));
    },
  };
}

async function answerOf(what: string, response: Response): Promise<unknown> {
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  throw new EstopError('request-failed', `${what}: status ${response.status}`);
}

function confirmationOf(halt: unknown): string {
  const { points, confirmed, confirmedInMs } = confirmationsIn(halt);
  const took = typeof confirmedInMs === 'number' ? ` in ${confirmedInMs} ms` : '';
  if (typeof points !== 'number' || points === 0) return 'no enforcement point is connected';
  return `${confirmed} of ${points} enforcement points confirmed${took}`;
}

function confirmationsIn(halt: unknown): Readonly<Record<string, unknown>> {
  if (typeof halt !== 'object' || halt === null || !('confirmations' in halt)) return {};
  const { confirmations } = halt;
  return typeof confirmations === 'object' && confirmations !== null ? { ...confirmations } : {};
}
