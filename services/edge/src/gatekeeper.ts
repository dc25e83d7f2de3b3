/**
 * The last check before a call runs. What takes time (the signature) is examined first; then halts,
 * lease, epochs, age and single use are checked in one synchronous step with the start of the call,
 * so that nothing can come between.
 */
import { intentDigest } from '@estop/schemas/digest';
import { AgentBreaker } from './domain/agent-breaker.ts';
import type { BreakerWord } from './domain/breaker-word.ts';
import type { KnownTier, Refusal } from './domain/call.ts';
import { covers, HaltTable, type Subject } from './domain/halt-table.ts';
import type { HaltWord } from './domain/halt-word.ts';
import type { PermitClaims } from './domain/permit.ts';
import { haltedRefusal, leaseRefusal, permitRefusal, spentRefusal } from './domain/refusals.ts';
import type { SpentPermits } from './domain/spent.ts';
import type { PermitCheck } from './permit-check.ts';

/** A call and its permit, after what takes time. */
export type Admission =
  | Refusal
  | {
      readonly kind: 'examined';
      readonly claims: PermitClaims;
      readonly isRead: boolean;
      /** When the answer arrived, by the monotonic clock; null: the agent asked itself. */
      readonly receivedMs: number | null;
    };

export interface Entry {
  readonly kind: 'entered';
  readonly running: {
    readonly intentId: string;
    readonly signal: AbortSignal;
    readonly recheck: () => Refusal | null;
  };
  readonly leave: () => void;
}

interface Running {
  readonly subject: Subject;
  readonly abort: AbortController;
}

export interface GatekeeperOptions {
  readonly point: string;
  readonly agentId: string | null;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly spent: SpentPermits;
  readonly checkPermit: PermitCheck;
  readonly hasLease: () => boolean;
}

export class Gatekeeper {
  readonly #options: GatekeeperOptions;
  readonly #halts = new HaltTable();
  readonly #breaker = new AgentBreaker();
  readonly #running = new Set<Running>();
  readonly #killListeners: ((why: string) => void)[] = [];
  #agentId: string | null;
  #groups: readonly string[] | null = null;
  #aheadMs: number | null = null;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
    this.#agentId = options.agentId;
  }

  get knowsAgent(): boolean {
    return this.#agentId !== null;
  }

  /** Whose calls run here, as the gateway says it. */
  identify(agentId: string | null, groups: readonly string[] | null): void {
    this.#agentId = agentId ?? this.#agentId;
    this.#groups = groups;
  }

  /** The gateway's clock, counted on by the monotonic one: rather too far than too little. */
  setTime(gatewayMs: number, sentMs: number): void {
    this.#aheadMs = gatewayMs - sentMs;
  }

  onKill(listener: (why: string) => void): void {
    this.#killListeners.push(listener);
  }

  hear(word: HaltWord): void {
    if (!this.#halts.take(word) || word.lifted || word.mode !== 'kill') return;
    const why = haltedRefusal(word, null).message;
    for (const { subject, abort } of [...this.#running]) {
      if (covers(word, subject)) abort.abort(new Error(why));
    }
    if (!this.#coversAgent(word)) return;
    for (const listener of this.#killListeners) listener(why);
  }

  /** Whether reads must be asked for again, too. */
  get isBreakerOpen(): boolean {
    return this.#breaker.isOpen;
  }

  hearBreaker(word: BreakerWord): void {
    this.#breaker.hear(word);
  }

  /** A refusal when a halt in force covers the tool. */
  haltOn(tool: string, intentId: string | null): Refusal | null {
    const word = this.#halts.covering(this.#subject(tool), this.#nowMs());
    return word === undefined ? null : haltedRefusal(word, intentId);
  }

  async examine(
    permit: string | null,
    use: {
      readonly tool: string;
      readonly argumentsText: string;
      readonly tier: KnownTier;
      readonly intentId: string | null;
      readonly receivedMs: number | null;
      readonly agentId?: string;
    },
  ): Promise<Admission> {
    const { tool, argumentsText, intentId, receivedMs } = use;
    const agentId = use.agentId ?? this.#agentId;
    // Nobody has said whose calls these are: then the permit is for somebody else.
    if (agentId === null) return permitRefusal(tool, 'agent', intentId);
    const checked = await this.#options.checkPermit(permit, {
      agentId,
      tool,
      digest: intentDigest(agentId, tool, argumentsText),
      point: this.#options.point,
      nowMs: this.#nowMs(),
    });
    if (!checked.ok) return permitRefusal(tool, checked.flaw, intentId);
    const { claims } = checked;
    if (intentId !== null && claims.intent !== intentId) {
      return permitRefusal(tool, 'arguments', intentId);
    }
    return { kind: 'examined', claims, isRead: claims.tier === 'read', receivedMs };
  }

  /** Checks all that can change, and marks the permit as used: run the call in the same step. */
  enter(admission: Admission): Entry | Refusal {
    if (admission.kind === 'refused') return admission;
    const { claims, isRead, receivedMs } = admission;
    const { sub: agentId, tool, intent, groups } = claims;
    const nowMs = this.#nowMs();
    const barred = this.#barred(claims, isRead);
    if (barred !== null) return barred;
    if (this.#isOver(claims, receivedMs, nowMs)) return permitRefusal(tool, 'expired', intent);
    const spending = this.#options.spent.spend(claims.jti, claims.spendUntil, nowMs);
    if (spending !== 'first-use') return spentRefusal(tool, spending, intent);
    return this.#start({ agentId, groups, tool }, intent, () => this.#barred(claims, isRead));
  }

  /** For a read that was allowed a moment ago. */
  enterRead(tool: string, intentId: string): Entry | Refusal {
    const recheck = () => this.haltOn(tool, intentId);
    return recheck() ?? this.#start(this.#subject(tool), intentId, recheck);
  }

  /** A refusal when a halt or the breaker voids the permit, or without a lease: all that can change. */
  #barred(claims: PermitClaims, isRead: boolean) {
    const { sub: agentId, groups, tool, intent, epochs } = claims;
    const halt = this.#halts.voiding(epochs, { agentId, groups, tool }, this.#nowMs());
    if (halt !== undefined) return { ...haltedRefusal(halt, intent), flaw: 'epoch' as const };
    const isOwn = agentId === this.#agentId;
    if (isOwn && this.#breaker.voids(claims)) return permitRefusal(tool, 'breaker', intent);
    return isRead || this.#options.hasLease() ? null : leaseRefusal(tool, intent);
  }

  #start(subject: Subject, intentId: string, recheck: () => Refusal | null): Entry {
    const running = { subject, abort: new AbortController() };
    this.#running.add(running);
    return {
      kind: 'entered',
      running: { intentId, signal: running.abort.signal, recheck },
      leave: () => void this.#running.delete(running),
    };
  }

  /** By the gateway's time, and by the time since it arrived, which no clock can set back. */
  #isOver({ iat, exp }: PermitClaims, receivedMs: number | null, nowMs: number): boolean {
    if (nowMs >= exp * 1_000) return true;
    if (receivedMs === null) return false;
    return this.#options.clock.monotonicMs() - receivedMs >= (exp - iat) * 1_000;
  }

  #subject(tool: string): Subject {
    return { agentId: this.#agentId ?? '', groups: this.#groups, tool };
  }

  #coversAgent(word: HaltWord): boolean {
    return word.scope.tool === null && covers(word, this.#subject(''));
  }

  /** Before the gateway has told its time, this machine's. */
  #nowMs(): number {
    const { clock } = this.#options;
    return this.#aheadMs === null ? clock.nowMs() : clock.monotonicMs() + this.#aheadMs;
  }
}
