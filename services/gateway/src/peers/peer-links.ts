/**
 * The other gateways, which are told of halts directly: a stop does not wait for Kafka. What one of
 * them did not take it gets again, and while the log cannot be read all of them get everything that
 * is in force, each second.
 */
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { type PeerWord, peerWord } from '../domain/halt-body.ts';
import type { HaltBook, KnownHalt } from '../read-models/halt-book.ts';
import type { PeerProof } from './peer-proof.ts';

const ROUND_MS = 1_000;
const TIMEOUT_MS = 1_000;
/** Words in one message, and their bytes as JSON: less than the body that a gateway takes. */
export const PEER_WORDS_MAX = 1_000;
const MESSAGE_BYTES_MAX = 128 * 1024;
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
  /** It missed something since it was last told of everything. */
  isBehind: boolean;
  isBeingTold: boolean;
  /** The last message did not arrive, and that was logged. */
  isAway: boolean;
}

export class PeerLinks {
  readonly #deps: PeerLinksDeps;
  readonly #peers: readonly Peer[];
  #round: NodeJS.Timeout | null = null;

  constructor(deps: PeerLinksDeps) {
    this.#deps = deps;
    this.#peers = deps.urls.map((url) => {
      const base = url.replace(/\/+$/, '');
      return { url: base, isBehind: false, isBeingTold: false, isAway: false };
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
  tell({ halt, at }: KnownHalt): void {
    for (const peer of this.#peers) void this.#send(peer, [peerWord(halt, at)]);
  }

  #tellAgain(): void {
    const isSilent = this.#deps.silentMs() > SILENT_MS;
    const owing = this.#peers.filter((peer) => (isSilent || peer.isBehind) && !peer.isBeingTold);
    if (owing.length === 0) return;
    const messages = messagesOf(this.#deps.book.voiding());
    for (const peer of owing) void this.#tellAll(peer, messages);
  }

  async #tellAll(peer: Peer, messages: readonly (readonly PeerWord[])[]): Promise<void> {
    peer.isBeingTold = true;
    // Before the first message: a later word that does not arrive meanwhile is owed still.
    peer.isBehind = false;
    for (const message of messages) {
      if (!(await this.#send(peer, message))) break;
    }
    peer.isBeingTold = false;
  }

  /** Answers whether it arrived; what did not is told again. */
  async #send(peer: Peer, halts: readonly PeerWord[]): Promise<boolean> {
    const { clock, proof, logger } = this.#deps;
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
      peer.isAway = false;
      return true;
    } catch (error) {
      if (!peer.isAway) logger.warn({ peer: peer.url, error: messageOf(error) }, 'peer not told');
      peer.isAway = true;
      peer.isBehind = true;
      return false;
    }
  }
}

/** All of them, the newest first: what was said last matters most to who was away. */
function messagesOf(known: readonly KnownHalt[]): readonly (readonly PeerWord[])[] {
  const messages: PeerWord[][] = [];
  let message: PeerWord[] = [];
  let bytes = 0;
  for (const { halt, at } of known.toReversed()) {
    const body = peerWord(halt, at);
    const size = Buffer.byteLength(JSON.stringify(body)) + 1;
    const isFull = message.length === PEER_WORDS_MAX || bytes + size > MESSAGE_BYTES_MAX;
    if (message.length === 0 || isFull) {
      message = [];
      bytes = 0;
      messages.push(message);
    }
    message.push(body);
    bytes += size;
  }
  return messages;
}
