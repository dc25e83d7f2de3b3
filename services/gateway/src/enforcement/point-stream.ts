/** The control stream of one enforcement point: all halts, each new word on them, and heartbeats. */
import type { ServerResponse } from 'node:http';
import type { AgentId } from '@estop/schemas/ids';
import { haltBody } from '../domain/halt-body.ts';
import type { KnownHalt } from '../read-models/halt-book.ts';
import { LEASE_MS, type PointLink, type SaidWord } from './point.ts';

/** A point renews its lease and hears a heartbeat this often. */
export const RENEW_MS = 1_000;
/**
 * What a slow point may owe, beside what it hears first, before it is disconnected: it comes back and
 * hears everything anew.
 */
const BUFFER_BYTES_MAX = 1024 * 1024;

/** What a point is told with each heartbeat. */
export interface GatewayState {
  /** The highest epoch that is known here. */
  readonly epoch: number;
  /** The gateway's clock, ms. */
  readonly now: number;
}

export class PointStream implements PointLink {
  readonly #response: ServerResponse;
  readonly #state: () => GatewayState;
  #heartbeat: NodeJS.Timeout | null = null;
  #bufferBytesMax = BUFFER_BYTES_MAX;

  constructor(response: ServerResponse, state: () => GatewayState) {
    this.#response = response;
    this.#state = state;
  }

  /** Sends what is in force now; `onEnd` is called once, when the connection is over. */
  start(
    point: string,
    hello: {
      readonly known: readonly KnownHalt[];
      readonly sequence: number;
      /** Whose calls run there; null: not said. */
      readonly agentId: AgentId | null;
      readonly groups: readonly string[] | null;
      /** How the breaker of that agent is; null: of nobody. */
      readonly breaker: object | null;
    },
    onEnd: () => void,
  ): void {
    const { known, sequence, agentId: agent, groups, breaker } = hello;
    const halts = known.map(({ halt, at }) => haltBody(halt, at));
    const about = { point, leaseMs: LEASE_MS, renewMs: RENEW_MS, ...this.#state() };
    // Whoever left while it was asked who they are does not leave again.
    if (this.#response.destroyed) return onEnd();
    this.#heartbeat = setInterval(() => this.#beat(), RENEW_MS);
    this.#response.on('close', () => {
      this.#stopBeating();
      onEnd();
    });
    const text = JSON.stringify({ ...about, agent, groups, breaker, sequence, halts });
    this.#bufferBytesMax += Buffer.byteLength(text);
    this.#send('hello', text);
  }

  say({ text }: SaidWord, sequence: number): void {
    this.#send('halt', `{"sequence":${sequence},${text.slice(1)}`);
  }

  sayBreaker(text: string): void {
    this.#send('breaker', text);
  }

  close(): void {
    this.#stopBeating();
    this.#response.destroy();
  }

  #beat(): void {
    this.#send('heartbeat', JSON.stringify(this.#state()));
  }

  #send(event: string, data: string): void {
    const response = this.#response;
    if (response.writableEnded || response.destroyed) return;
    response.write(`event: ${event}\ndata: ${data}\n\n`);
    if (response.writableLength > this.#bufferBytesMax) this.close();
  }

  #stopBeating(): void {
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    this.#heartbeat = null;
  }
}
