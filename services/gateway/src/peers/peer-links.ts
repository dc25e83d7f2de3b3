/**
 * The other gateways, which are told of halts directly: a stop does not wait for Kafka. What one of
 * them did not take it gets again, and while the log cannot be read all of them get everything that
 * is in force, each second.
 */
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { type HaltBody, haltBody } from '../domain/halt-body.ts';
import type { HaltBook, KnownHalt } from '../read-models/halt-book.ts';
import type { PeerProof } from './peer-proof.ts';

const ROUND_MS = 1_000;
const TIMEOUT_MS = 1_000;
/** Words in one message; the rest follows with the next round. */
export const PEER_WORDS_MAX = 1_000;
/** The log is taken for silent after so long. */
const SILENT_MS = 1_500;

export interface PeerLinksDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: HaltBook;
  readonly urls: readonly string[];
  readonly proof: PeerProof;
  /** For how long the log may hold words that did not arrive here, ms. */
  readonly silentMs: () => number;
  readonly fetch: typeof fetch;
}

interface Peer {
  readonly url: string;
  /** It missed something. */
  isBehind: boolean;
  isBeingTold: boolean;
}

export class PeerLinks {
  readonly #deps: PeerLinksDeps;
  readonly #peers: readonly Peer[];
  #round: NodeJS.Timeout | null = null;

  constructor(deps: PeerLinksDeps) {
    this.#deps = deps;
    this.#peers = deps.urls.map((url) => {
      return { url: url.replace(/\/+$/, ''), isBehind: false, isBeingTold: false };
    });
  }

  start(): void {
    if (this.#peers.length === 0) return;
    this.#round = setInterval(() => this.#tellAgain(), ROUND_MS);
    this.#round.unref();
  }

  close(): void {
    if (this.#round !== null) clearInterval(this.#round);
  }

  /** Tells everybody a word that was said here; never waits, never throws. */
  tell(known: KnownHalt): void {
    for (const peer of this.#peers) void this.#send(peer, [known], 'one word');
  }

  #tellAgain(): void {
    const isSilent = this.#deps.silentMs() > SILENT_MS;
    const told = this.#deps.book.voiding().slice(-PEER_WORDS_MAX);
    for (const peer of this.#peers) {
      if ((!isSilent && !peer.isBehind) || peer.isBeingTold || told.length === 0) continue;
      peer.isBeingTold = true;
      void this.#send(peer, told, 'all of them').finally(() => {
        peer.isBeingTold = false;
      });
    }
  }

  async #send(
    peer: Peer,
    known: readonly KnownHalt[],
    what: 'one word' | 'all of them',
  ): Promise<void> {
    const { clock, proof, logger } = this.#deps;
    const halts = known.map(({ halt, at }): HaltBody => haltBody(halt, at));
    const at = clock.nowMs();
    try {
      const response = await this.#deps.fetch(`${peer.url}/v1/peers/halts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ at, halts, proof: proof.of(at, halts) }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`status ${response.status}`);
      // One word that arrives does not make up for another that did not.
      if (what === 'all of them') peer.isBehind = false;
    } catch (error) {
      if (!peer.isBehind) logger.warn({ peer: peer.url, error: messageOf(error) }, 'peer not told');
      peer.isBehind = true;
    }
  }
}
