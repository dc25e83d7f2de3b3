/**
 * The control stream of a point, as its holder sees it: hears halts, confirms each, and holds a lease
 * that it renews. Whatever goes wrong only ends the lease; the stream is opened again until `close`.
 */
import { Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { type BreakerWord, readBreakerWord } from '../domain/breaker-word.ts';
import type { JsonRecord } from '../domain/call.ts';
import { type HaltWord, readHaltWord } from '../domain/halt-word.ts';
import { isRecord } from '../domain/json.ts';
import { Lease } from '../domain/lease.ts';
import { type ControlTarget, openStream, postJson } from './connection.ts';
import { EventLines, type StreamEvent } from './event-lines.ts';

const RENEW_MS_DEFAULT = 1_000;
/** A renewal that takes longer is worth nothing. */
const RENEW_TIMEOUT_MS = 3_000;
/**
 * A word is applied at once and confirmed a moment later, each point at a moment of its own: words
 * that come together cost one answer, and a gateway that still writes to a thousand points is not
 * held up by the answers of the first ones.
 */
const CONFIRM_MS_MIN = 20;
const CONFIRM_MS_SPREAD = 20;
/** Renewals on their way; halts that come faster are confirmed by the next one. */
const RENEWALS_MAX = 4;
/** Heartbeats come each second: after so long the stream is taken for dead and opened anew. */
const SILENCE_MS_MAX = 3_000;
const REOPEN_MS_MIN = 50;
const REOPEN_MS_MAX = 2_000;

export interface ControlOptions extends ControlTarget {
  readonly point: string;
  /** For an operator's key: whose calls run here. */
  readonly agent: string | undefined;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  readonly onHello: (hello: {
    readonly agentId: string | null;
    readonly groups: readonly string[] | null;
  }) => void;
  readonly onHalt: (word: HaltWord) => void;
  readonly onBreaker: (word: BreakerWord) => void;
  /** The gateway's clock was `gatewayMs` at a moment not before `sentMs`. */
  readonly onGatewayTime: (gatewayMs: number, sentMs: number) => void;
  readonly onTrouble: (why: string) => void;
}

export class Control {
  readonly #options: ControlOptions;
  readonly #lease = new Lease();
  readonly #agent: PlainAgent;
  readonly #waiters = new Set<() => void>();
  #endStream: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #confirming: NodeJS.Timeout | null = null;
  #renewMs = RENEW_MS_DEFAULT;
  #sequence = 0;
  #epoch = 0;
  #heardMs = 0;
  /** When the last renewal was sent. */
  #renewedMs = Number.NEGATIVE_INFINITY;
  #renewals = 0;
  #isOwed = false;
  #reopenMs = REOPEN_MS_MIN;
  /** Grows with each stream, so that an old one's last events count for nothing. */
  #generation = 0;
  #isClosed = false;

  constructor(options: ControlOptions) {
    this.#options = options;
    const keep = { keepAlive: true, maxSockets: RENEWALS_MAX };
    this.#agent = options.url.startsWith('https:') ? new SecureAgent(keep) : new PlainAgent(keep);
  }

  get hasLease(): boolean {
    return this.#lease.isHeld(this.#options.monotonicMs());
  }

  start(): void {
    this.#open();
  }

  /** Resolves with whether the lease is held, at the latest after a time. */
  ready(timeoutMs: number): Promise<boolean> {
    if (this.hasLease || this.#isClosed) return Promise.resolve(this.hasLease);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve(this.hasLease);
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#generation += 1;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#confirming !== null) clearTimeout(this.#confirming);
    this.#endStream?.();
    this.#agent.destroy();
    for (const done of [...this.#waiters]) done();
  }

  #open(): void {
    if (this.#isClosed) return;
    this.#generation += 1;
    const generation = this.#generation;
    const isCurrent = (): boolean => generation === this.#generation;
    const fail = (why: string): void => {
      if (isCurrent()) this.#reopenLater(why);
    };
    const { point, agent } = this.#options;
    const query = new URLSearchParams({ point, ...(agent === undefined ? {} : { agent }) });
    this.#heardMs = this.#options.monotonicMs();
    // Numbers are of one stream: on this one nothing was told yet.
    this.#sequence = 0;
    const lines = new EventLines();
    this.#endStream = openStream(this.#options, `/v1/enforcement/stream?${query}`, {
      failed: (error) => fail(error.message),
      open: (response) => {
        if (response.statusCode !== 200) {
          response.resume();
          fail(`the control stream was refused: status ${response.statusCode}`);
          return;
        }
        response.setEncoding('utf8');
        response.on('error', (error) => fail(error.message));
        response.on('close', () => fail('the control stream ended'));
        response.on('data', (piece: string) => {
          if (!isCurrent()) return;
          try {
            for (const event of lines.push(piece)) this.#hear(event);
          } catch (error) {
            fail(String(error));
          }
        });
      },
    });
    this.#watch();
  }

  #reopenLater(why: string): void {
    this.#generation += 1;
    this.#endStream?.();
    this.#endStream = null;
    if (this.#isClosed) return;
    this.#options.onTrouble(why);
    const pauseMs = this.#reopenMs * (0.5 + this.#options.random() / 2);
    this.#reopenMs = Math.min(this.#reopenMs * 2, REOPEN_MS_MAX);
    this.#schedule(pauseMs, () => this.#open());
  }

  /** One timer: it renews while the stream speaks, and opens it anew when it does not. */
  #watch(): void {
    this.#schedule(this.#renewMs, () => {
      if (this.#options.monotonicMs() - this.#heardMs > SILENCE_MS_MAX) {
        this.#reopenLater('the control stream is silent');
        return;
      }
      // A word that was just confirmed was a renewal, too.
      const isFresh = this.#options.monotonicMs() - this.#renewedMs < this.#renewMs / 2;
      if (this.#sequence > 0 && !isFresh) this.#renew();
      this.#watch();
    });
  }

  #schedule(afterMs: number, action: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(action, afterMs);
    this.#timer.unref();
  }

  #hear({ event, data }: StreamEvent): void {
    this.#heardMs = this.#options.monotonicMs();
    const value: unknown = JSON.parse(data);
    if (!isRecord(value)) return;
    if (event === 'hello') {
      this.#greet(value);
      this.#renew();
    } else if (event === 'halt') {
      this.#takeWord(value);
      this.#confirmSoon();
    } else if (event === 'breaker') this.#takeBreaker(value);
  }

  /** One answer to all words of a burst; none of it waits for that to be in force. */
  #confirmSoon(): void {
    if (this.#confirming !== null) return;
    const pauseMs = CONFIRM_MS_MIN + this.#options.random() * CONFIRM_MS_SPREAD;
    this.#confirming = setTimeout(() => {
      this.#confirming = null;
      if (this.#sequence > 0) this.#renew();
    }, pauseMs);
    this.#confirming.unref();
  }

  #greet(hello: JsonRecord): void {
    const { halts, sequence, renewMs, agent, groups } = hello;
    if (typeof renewMs === 'number' && renewMs > 0) this.#renewMs = renewMs;
    this.#reopenMs = REOPEN_MS_MIN;
    for (const word of Array.isArray(halts) ? halts : []) this.#takeHalt(word);
    this.#takeBreaker(hello['breaker']);
    this.#note(sequence, hello['epoch']);
    this.#options.onHello({
      agentId: typeof agent === 'string' ? agent : null,
      groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : null,
    });
  }

  #takeWord(value: JsonRecord): void {
    this.#takeHalt(value);
    this.#note(value['sequence'], value['epoch']);
  }

  #takeBreaker(value: unknown): void {
    const word = readBreakerWord(value);
    if (word !== undefined) this.#options.onBreaker(word);
  }

  #note(sequence: unknown, epoch: unknown): void {
    if (typeof sequence === 'number') this.#sequence = sequence;
    if (typeof epoch === 'number') this.#epoch = Math.max(this.#epoch, epoch);
  }

  /** A word that cannot be read is not confirmed: without a lease nothing is done. */
  #takeHalt(value: unknown): void {
    const word = readHaltWord(value);
    if (word === undefined) throw new TypeError('a halt cannot be read');
    this.#options.onHalt(word);
  }

  #renew(): void {
    if (this.#renewals >= RENEWALS_MAX) {
      this.#isOwed = true;
      return;
    }
    this.#renewals += 1;
    const { point, monotonicMs } = this.#options;
    const sentMs = monotonicMs();
    this.#renewedMs = sentMs;
    const body = { epoch: this.#epoch, at: sentMs, sequence: this.#sequence, point };
    const post = { body, timeoutMs: RENEW_TIMEOUT_MS, agent: this.#agent };
    postJson(this.#options, '/v1/enforcement/acks', post)
      .then(
        (answer) => this.#renewed(answer, sentMs),
        (error: unknown) => {
          this.#renewedMs = Number.NEGATIVE_INFINITY;
          if (!this.#isClosed) this.#options.onTrouble(`no lease: ${String(error)}`);
        },
      )
      .finally(() => {
        this.#renewals -= 1;
        if (!this.#isOwed || this.#isClosed) return;
        this.#isOwed = false;
        this.#renew();
      });
  }

  #renewed(answer: unknown, sentMs: number): void {
    if (!isRecord(answer) || this.#isClosed) return;
    const { leaseMs, now } = answer;
    if (typeof now === 'number') this.#options.onGatewayTime(now, sentMs);
    if (typeof leaseMs === 'number') this.#lease.renew(sentMs, leaseMs);
    if (!this.hasLease) return;
    for (const done of [...this.#waiters]) done();
  }
}
