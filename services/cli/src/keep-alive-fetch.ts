/** For a process that asks the gateway again and again: half of what Node's own fetch takes. */
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { Fetch } from '@estop/sdk/transport';
import { fetchOver } from './http-fetch.ts';

const KEEP = { keepAlive: true } as const;

/** Connections stay open between requests, until `close`. */
export function keepAliveFetch(): { readonly fetch: Fetch; close(): void } {
  const plain = { request: plainRequest, agent: new PlainAgent(KEEP) };
  const secure = { request: secureRequest, agent: new SecureAgent(KEEP) };
  return {
    fetch: fetchOver((isSecure) => (isSecure ? secure : plain)),
    close() {
      plain.agent.destroy();
      secure.agent.destroy();
    },
  };
}
