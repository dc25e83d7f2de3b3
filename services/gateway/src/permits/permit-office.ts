/**
 * Gives permits for decisions that the log holds. A decision yields the same permit however often it
 * is asked for: bound to one door, under one id, and only for a short time after it was made; after a
 * person's yes, for as long as its amounts are held, since the call comes again when it comes.
 */
import { voidsDecision } from '@estop/edge/domain/breaker-word';
import { PERMIT_ISSUER, PERMIT_TYPE } from '@estop/edge/domain/permit';
import type { Clock } from '@estop/runtime/clock';
import { scopeCovers, scopeText } from '@estop/schemas/halts';
import { agentSubject } from '@estop/schemas/ids';
import type { Decision, Tier } from '@estop/schemas/messages';
import { SignJWT } from 'jose';
import { type DecisionBody, decisionBody } from '../domain/decision-body.ts';
import type { AgentTable } from '../read-models/agent-table.ts';
import type { DecisionCache } from '../read-models/decision-cache.ts';
import type { FleetState } from '../read-models/fleet-state.ts';
import type { HaltBook } from '../read-models/halt-book.ts';
import type { PermitKeys } from './permit-keys.ts';

const PERMIT_MS: Readonly<Record<Tier, number>> = {
  read: 30_000,
  write: 30_000,
  destructive: 5_000,
  financial: 5_000,
};
/** As long as the policy holds the amounts of an allowed intent. */
const APPROVED_MS = 15 * 60_000;

/** For so long a door may make the same read again before it is asked for. */
const READ_AGAIN_MS = 2_000;

export interface Permit {
  readonly permit: string;
  /** ms since 1970. */
  readonly expiresAt: number;
}

interface PermitTimes {
  /** ms since 1970. */
  readonly from: number;
  readonly lifeMs: number;
  readonly spendUntil: number;
}

export interface PermitOfficeDeps {
  readonly clock: Clock;
  readonly keys: PermitKeys;
  readonly decisions: DecisionCache;
  readonly halts: HaltBook;
  readonly agents: AgentTable;
  readonly fleet: FleetState;
}

export class PermitOffice {
  readonly #deps: PermitOfficeDeps;

  constructor(deps: PermitOfficeDeps) {
    this.#deps = deps;
  }

  /** The answer to who asked; `mayAct`: whether they may make the call. */
  async bodyOf(decision: Decision, mayAct: boolean): Promise<DecisionBody> {
    const right = mayAct ? await this.permitFor(decision) : null;
    if (right === null) return decisionBody(decision);
    const { agentId, tool, tier } = decision;
    const isFree = tier === 'read' && !this.#deps.fleet.isCounted(agentId, tool);
    return decisionBody(decision, { ...right, ...(isFree ? { readAgainMs: READ_AGAIN_MS } : {}) });
  }

  /** Null: the decision is no, or too old. */
  async permitFor(decision: Decision): Promise<Permit | null> {
    if (decision.decision !== 'allow') return null;
    if (this.#isVoid(decision) || this.#isFromBeforeOpening(decision)) return null;
    const { clock, keys } = this.#deps;
    const nowMs = clock.nowMs();
    const times = this.#timesOf(decision, nowMs);
    if (times === null) return null;
    const { from, lifeMs, spendUntil } = times;
    const expiresAt = from + lifeMs;
    const { kid, privateKey } = await keys.current(nowMs);
    const permit = await new SignJWT({
      intent: decision.intentId,
      tool: decision.tool,
      tier: decision.tier,
      digest: decision.digest,
      groups: this.#groupsOf(decision),
      epochs: this.#epochsOf(decision),
      record: decision.record,
      spendUntil,
      decidedAt: decision.at,
      // With a fraction: whole seconds are too coarse for a life of five.
      iat: from / 1_000,
      exp: expiresAt / 1_000,
    })
      .setProtectedHeader({ alg: 'EdDSA', typ: PERMIT_TYPE, kid })
      .setIssuer(PERMIT_ISSUER)
      .setSubject(decision.agentId)
      .setAudience(audienceOf(decision))
      .setJti(`${decision.agentId} ${decision.intentId}`)
      .sign(privateKey);
    return { permit, expiresAt };
  }

  #timesOf(decision: Decision, nowMs: number): PermitTimes | null {
    const lifeMs = PERMIT_MS[decision.tier];
    const { agentId, intentId, at, approval } = decision;
    if (approval !== null) {
      const lastAt = at + APPROVED_MS;
      return nowMs >= lastAt ? null : { from: nowMs, lifeMs, spendUntil: lastAt + lifeMs };
    }
    // From when it arrived here, where it did: the log's clock may be another one.
    const { decisions } = this.#deps;
    const arrival = decisions.arrival(agentId, intentId) ?? { atMs: at, ageMs: nowMs - at };
    // It may arrive again, long after it was made: nobody remembers by then that it was used.
    if (arrival.ageMs >= lifeMs || nowMs - at > lifeMs + CLOCK_SLACK_MS) return null;
    return { from: arrival.atMs, lifeMs, spendUntil: at + 2 * (lifeMs + CLOCK_SLACK_MS) };
  }

  /** What was decided before a halt is void for good, also when the halt is over; `drain` lets it end. */
  #isVoid(decision: Decision): boolean {
    const { agentId, tool, at: decidedAt } = decision;
    const call = { agentId, tool, groups: this.#groupsOf(decision) };
    return this.#deps.halts
      .all()
      .some(
        ({ halt, at }) => halt.mode !== 'drain' && at > decidedAt && scopeCovers(halt.scope, call),
      );
  }

  /** What was decided before the breaker opened is void until a person re-arms it. */
  #isFromBeforeOpening({ agentId, tier, at: decidedAt }: Decision): boolean {
    const breaker = this.#deps.agents.view(agentSubject(agentId))?.breaker ?? null;
    return breaker !== null && voidsDecision(breaker, { tier, decidedAt });
  }

  #groupsOf({ agentId }: Decision): readonly string[] {
    return this.#deps.fleet.agent(agentId)?.groups ?? [];
  }

  /** What is known here of each scope that covers the call: a door that knows more refuses it. */
  #epochsOf(decision: Decision): Readonly<Record<string, number>> {
    const groups = this.#groupsOf(decision);
    const call = { agentId: decision.agentId, tool: decision.tool, groups };
    const epochs: Record<string, number> = {};
    for (const { halt } of this.#deps.halts.all()) {
      if (scopeCovers(halt.scope, call)) epochs[scopeText(halt.scope)] = halt.epoch;
    }
    return epochs;
  }
}

/** The clocks of gateways and of the log may differ by so much, and gateways' may be set back. */
const CLOCK_SLACK_MS = 60_000;

/** Who names no door is one itself. */
function audienceOf({ point, agentId }: Decision): string {
  return point ?? `agent:${agentId}`;
}
