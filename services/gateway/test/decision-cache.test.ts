import { MemoryLog } from '@estop/log/memory-log';
import { systemClock } from '@estop/runtime/clock';
import type { AgentId, IntentId, ToolName } from '@estop/schemas/ids';
import type { Decision, Verdict } from '@estop/schemas/messages';
import { beforeEach, describe, expect, it } from 'vitest';
import { intentKey } from '../src/domain/decision-body.ts';
import { DecisionCache } from '../src/read-models/decision-cache.ts';

const AGENT = 'crm-bot' as AgentId;
const INTENT = 'i-1' as IntentId;
const codec = new MemoryLog().codec('decisions.v1');

let cache: DecisionCache;
let told: string[];

beforeEach(() => {
  cache = new DecisionCache(systemClock, codec);
  told = [];
  cache.listen(intentKey(AGENT, INTENT), ({ decision }) => told.push(decision));
});

function take(verdict: Verdict, offset: number): void {
  const isAsked = verdict === 'needs-approval';
  const decision: Decision = {
    ...{ agentId: AGENT, intentId: INTENT, sessionId: null, tool: 'crm.delete' as ToolName },
    ...{ tier: 'destructive', point: null, decision: verdict, message: 'by a test', rules: [] },
    reason: isAsked ? 'approval-required' : 'approved',
    ...{ policyHash: null, digest: 'd', at: offset, record: { partition: 0, offset } },
    ...{ approval: null, retryAfterMs: null, expiresAt: null, limits: [] },
  };
  cache.take(decision, codec.encode(decision));
}

describe('a decision that comes again', () => {
  it('does not hide the final one when it is the pending one, and the final one is told', () => {
    take('needs-approval', 3);
    take('allow', 5);
    take('needs-approval', 3);
    expect(cache.get(AGENT, INTENT)).toMatchObject({ decision: 'allow', record: { offset: 5 } });
    expect(told).toEqual(['needs-approval', 'allow', 'allow']);
  });

  it('does not take the place of one that a later record made', () => {
    take('allow', 9);
    take('deny', 4);
    expect(cache.get(AGENT, INTENT)).toMatchObject({ decision: 'allow' });
    take('deny', 10);
    expect(cache.get(AGENT, INTENT)).toMatchObject({ decision: 'deny' });
  });

  it('is never open again once it was final, whatever its record says', () => {
    take('deny', 5);
    take('needs-approval', 6);
    expect(cache.get(AGENT, INTENT)).toMatchObject({ decision: 'deny' });
  });
});
