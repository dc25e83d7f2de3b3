/** An hour of the demo's night, decided offline with the starter fleet and its breakers. */
import { fileURLToPath } from 'node:url';
import { OfflineWatch } from '@estop/breaker/domain/watch/offline-watch';
import { createArrivals } from '@estop/demo/domain/arrivals';
import { createRandom, pick } from '@estop/demo/domain/random';
import { ROSTER, STRAY_AGENT } from '@estop/demo/domain/roster';
import { PACE, strayStep } from '@estop/demo/domain/story';
import type { Step } from '@estop/demo/domain/work';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { readFleetFolder } from '@estop/policy/adapters/fleet/fleet-folder';
import { createBacktest } from '@estop/policy/domain/backtest';
import { intentDigest, sha256Text } from '@estop/schemas/digest';
import type { AgentId, IntentId, SessionId, ToolName } from '@estop/schemas/ids';
import type { Decision, Intent, Outcome } from '@estop/schemas/messages';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';

const STARTER = fileURLToPath(new URL('../../../infra/fleet', import.meta.url));
const START_MS = Date.UTC(2026, 0, 5, 3);
const HOUR_MS = 3_600_000;
const CALL_MS = 60;

interface Call {
  readonly agent: string;
  readonly session: string;
  readonly step: Step;
  readonly atMs: number;
}

/** What everybody does, and what the stray agent tries until a person would stop it. */
function night(seed: string): readonly Call[] {
  const calls: Call[] = [];
  for (const { agent, tasks, meanGapMs } of ROSTER) {
    const random = createRandom(`${seed}/${agent}`);
    const arrivals = createArrivals(random, meanGapMs);
    const endMs = START_MS + (agent === STRAY_AGENT ? PACE.quietMs : HOUR_MS);
    let atMs = START_MS + arrivals.nextGapMs();
    for (let task = 0; atMs < endMs; task += 1) {
      for (const step of pick(random, tasks)(random).steps) {
        calls.push({ agent, session: `${agent}-${task}`, step, atMs });
        atMs += CALL_MS;
      }
      atMs += arrivals.nextGapMs();
    }
  }
  const random = createRandom(seed);
  for (let index = 0; index * PACE.strayGapMs < PACE.astrayMs; index += 1) {
    const atMs = START_MS + PACE.quietMs + index * PACE.strayGapMs;
    calls.push({ agent: STRAY_AGENT, session: 'astray', step: strayStep(random, index), atMs });
  }
  return calls.toSorted((one, other) => one.atMs - other.atMs);
}

function intentOf({ agent, session, step }: Call, id: string): Intent {
  return {
    intentId: id as IntentId,
    agentId: agent as AgentId,
    sessionId: session as SessionId,
    tool: step.tool as ToolName,
    arguments: canonicalize(step.arguments) ?? '{}',
    ...{ reason: null, task: null, tokens: null, microUsd: null, provenance: {}, undo: null },
    ...{ proposedBy: null, point: null },
  };
}

function outcomeOf({ agent, step }: Call, id: string): Outcome {
  return {
    intentId: id as IntentId,
    agentId: agent as AgentId,
    status: 'ok',
    ...{ tokens: null, microUsd: null, error: null, reportedBy: agent },
    durationMs: CALL_MS,
    resultDigest: sha256Text(JSON.stringify(step.result)),
  } as Outcome;
}

async function decided(calls: readonly Call[]) {
  const read = await readFleetFolder(STARTER);
  const checked = read.ok ? await checkFleet(read.files) : read;
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const fleet = await compileFleet(checked.bundle);
  const watch = new OfflineWatch(fleet.watchRules, (agentId) => fleet.agentById.has(agentId));
  const run = createBacktest(fleet, (record, offset) => watch.take(record, offset));
  const all = calls.map((call, n) => {
    const intent = intentOf(call, `i${n}`);
    const digest = intentDigest(intent.agentId, intent.tool, intent.arguments);
    const decision = run.decide(intent, digest, call.atMs);
    if (decision?.decision === 'allow') run.settle(outcomeOf(call, `i${n}`), call.atMs + CALL_MS);
    return { call, decision };
  });
  fleet.close();
  return all;
}

describe('an hour of the demo', () => {
  it('has the breaker of the stray agent open within seconds, and no other', async () => {
    const all = await decided(night('three in the morning'));
    const reasonsOf = (isStray: boolean) => {
      const of = all.filter(({ call }) => (call.agent === STRAY_AGENT) === isStray);
      return new Set(of.map(({ decision }) => decision?.reason));
    };
    expect(all.length).toBeGreaterThan(5_000);
    expect(reasonsOf(false)).toEqual(new Set(['permitted', 'approval-required']));
    expect(reasonsOf(true)).toContain('breaker-open');
    const astray = all.filter(({ call }) => call.session === 'astray');
    const [first] = astray.filter(({ decision }) => isTripped(decision));
    expect(first?.decision?.message).toContain(
      'crm.search was called 4 times in a row with the same arguments and result; fewer than 4 are let pass',
    );
    expect((first?.call.atMs ?? 0) - START_MS - PACE.quietMs).toBeLessThan(12_000);
    // It tries again when reads are let through, and opens for longer.
    expect(astray.filter(({ decision }) => !isTripped(decision)).length).toBeLessThan(20);
    expect(isTripped(astray.at(-1)?.decision)).toBe(true);
  });
});

function isTripped(decision: Decision | undefined): boolean {
  return decision?.reason === 'breaker-open';
}
