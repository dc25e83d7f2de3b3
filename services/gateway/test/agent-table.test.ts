import { systemClock } from '@estop/runtime/clock';
import type { CredentialId, LimitId, SubjectId } from '@estop/schemas/ids';
import { limitSubject } from '@estop/schemas/ids';
import type { AgentView, CredentialView, SharedLimitView } from '@estop/schemas/messages';
import { expect, it } from 'vitest';
import { AgentTable } from '../src/read-models/agent-table.ts';
import type { FleetState } from '../src/read-models/fleet-state.ts';
import { SharedLimits } from '../src/read-models/shared-limits.ts';

const BOT = 'crm-bot' as SubjectId;
const CALLS = 'calls' as LimitId;

function viewAt(offset: number, more: Partial<AgentView>): AgentView {
  return {
    ...{ subject: BOT, at: offset, record: { partition: 1, offset }, suspended: false },
    ...{ allowed: 0, denied: 0, credentials: [], budgets: [], rates: [], lastActions: [] },
    ...{ pendingTotal: 0, pending: [], answers: [], sharedLimit: null, sharedLimits: [] },
    breaker: null,
    ...more,
  };
}

function key(credentialId: string): CredentialView {
  const about = { kind: 'api-key', secretHash: 'hash', publicKey: null, issuedAt: 0 } as const;
  return { credentialId: credentialId as CredentialId, ...about };
}

it('brings back no key that was revoked with a view that comes late', () => {
  const table = new AgentTable();
  table.take(viewAt(1, { credentials: [key('one')] }));
  table.take(viewAt(3, { credentials: [] }));
  table.take(viewAt(2, { credentials: [key('one')], suspended: true }));
  expect(table.credential('one')).toBeUndefined();
  expect(table.view(BOT)?.suspended).toBe(false);
});

it('shows no part of a shared limit as it was before', () => {
  const window = { kind: 'day' } as const;
  const budget = { id: CALLS, ceiling: 9, window: { kind: 'lifetime' }, shared: true };
  const limits = new SharedLimits(systemClock, { active: null } as unknown as FleetState);
  const part = (spent: number): SharedLimitView => ({
    ...{ kind: 'budget', limitId: CALLS, unit: 'calls', window: window.kind, windowStart: 0 },
    ...{ spent, reserved: 0, inSlice: 0, home: null },
  });
  const subject = limitSubject(CALLS);
  limits.take(viewAt(3, { subject, sharedLimit: part(5) }));
  limits.take(viewAt(2, { subject, sharedLimit: part(4) }));
  expect(limits.budgetTotal(budget as never).spent).toBe(5);
});
