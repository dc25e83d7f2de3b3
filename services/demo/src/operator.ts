/** What the demo does as an operator, over HTTP as any operator would: keys for agents, a halt. */
import { EstopError } from '@estop/schemas/errors';

const TIMEOUT_MS = 10_000;

export interface Operator {
  /** A new API key of an agent. */
  issueKey(agent: string): Promise<string>;
  /** Whether estop accepts this key. */
  isAccepted(key: string): Promise<boolean>;
  haltAgent(agent: string, reason: string): Promise<void>;
}

/** Every method throws EstopError `request-failed` or `gateway-unreachable`. */
export function createOperator(url: string, operatorKey: string): Operator {
  async function request(path: string, key: string, body?: object): Promise<Response> {
    try {
      return await fetch(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new EstopError('gateway-unreachable', `nobody answers at ${url}`, { cause: error });
    }
  }

  async function post(path: string, body: object): Promise<unknown> {
    const response = await request(path, operatorKey, body);
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    throw new EstopError('request-failed', `POST ${path}: status ${response.status}`);
  }

  return {
    async issueKey(agent) {
      const path = `/v1/agents/${encodeURIComponent(agent)}/credentials`;
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
    async haltAgent(agent, reason) {
      await post('/v1/halts', { scope: { agent }, mode: 'pause', reason });
    },
  };
}
