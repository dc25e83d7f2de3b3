/**
 * What an agent, or somebody with its key, may try with approvals and permits. Whatever it is, the
 * call must not run: through real doors, on a real gateway with the real policy behind it.
 */

import { type Done, type EnforcementPoint, openPoint } from '@estop/edge/point';
import { connect, DeniedError } from '@estop/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
// @boundaries-ignore the harness of the gateway's own tests
import { type Bench, FLEET, startBench } from '../../services/gateway/test/harness.ts';

const CALL = { tool: 'crm.delete', arguments: { id: 1 } };

const ABUSED: Readonly<Record<string, string>> = {
  ...FLEET,
  'tools.yaml': `${FLEET['tools.yaml']}  crm.purge: { tier: destructive, arguments: { type: object, properties: { id: { type: integer } } } }
  pay.send: { tier: financial, arguments: { type: object, properties: { id: { type: integer } } } }
`,
  'policies/base.cedar': `${FLEET['policies/base.cedar']}
@id("payments-by-two") @quorum("2")
permit(principal, action == Action::"pay.send", resource) when { context.approval.granted };
@id("purges-soon") @expires("1s")
permit(principal, action == Action::"crm.purge", resource) when { context.approval.granted };
`,
};

let bench: Bench;
let key = '';
const opened: EnforcementPoint[] = [];
let runs: number[] = [];

beforeAll(async () => {
  bench = await startBench({ fleet: ABUSED });
  key = await bench.keyOf('billing-bot');
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((point) => point.close()));
  runs = [];
});

afterAll(() => bench.close());

function door(name: string, as = key): EnforcementPoint {
  const { url } = bench;
  const asker = connect({ url, key: as });
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
  const point = openPoint({ url, key: as, name, asker, clock });
  opened.push(point);
  return point;
}

async function execute(): Promise<Done<string>> {
  runs.push(1);
  return { result: 'gone', outcome: { status: 'ok' } };
}

function run(point: EnforcementPoint, call: object = CALL) {
  return point.run({ ...CALL, ...call }, execute);
}

async function vote(approval: string, digest: string, as?: string) {
  return bench.send('POST', `/v1/approvals/${encodeURIComponent(approval)}`, {
    body: { decision: 'approve', digest },
    ...(as === undefined ? {} : { key: as }),
  });
}

/** Asks at a door until a person is asked, and answers what they are asked. */
async function asked(point: EnforcementPoint, call: object = CALL) {
  const refusal = await run(point, call);
  if (refusal.kind === 'ran' || refusal.approval === undefined) throw new Error('nobody is asked');
  const { id } = refusal.approval;
  return { id, digest: await digestOf(id), intentId: refusal.intentId ?? '' };
}

async function digestOf(approval: string): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    const { body } = await bench.send('GET', '/v1/approvals?state=pending');
    const found = body.approvals.find(({ id }: { id: string }) => id === approval);
    return found?.digest;
  };
  await vi.waitFor(async () => expect(await find()).toBeDefined(), { timeout: 5_000 });
  return (await find()) ?? '';
}

async function isPending(approval: string): Promise<boolean> {
  const { body } = await bench.send('GET', '/v1/approvals?state=pending');
  return body.approvals.some(({ id }: { id: string }) => id === approval);
}

describe('a yes of a person', () => {
  it('lets exactly one call through', async () => {
    const point = door('yes');
    const { id, digest } = await asked(point);
    expect((await vote(id, digest)).status).toBe(200);
    expect(await run(point)).toMatchObject({ kind: 'ran' });
    expect(runs).toHaveLength(1);
  });

  it('is for these arguments: others are another question', async () => {
    const point = door('changed');
    const { id, digest } = await asked(point);
    await vote(id, digest);
    expect(await run(point, { arguments: { id: 2 } })).toMatchObject({ reason: 'needs-approval' });
    expect(runs).toEqual([]);
  });

  it('is for this content: a vote on another digest changes nothing', async () => {
    const point = door('digest');
    const { id } = await asked(point, { arguments: { id: 3 } });
    expect((await vote(id, `sha256:${'0'.repeat(64)}`)).status).toBe(409);
    expect(await run(point, { arguments: { id: 3 } })).toMatchObject({ reason: 'needs-approval' });
    expect(runs).toEqual([]);
  });

  it('cannot be replayed: not the vote, not the call', async () => {
    const point = door('replayed');
    const call = { arguments: { id: 4 } };
    const { id, digest } = await asked(point, call);
    await vote(id, digest);
    await run(point, call);
    expect((await vote(id, digest)).status).toBe(409);
    expect(await run(point, call)).toMatchObject({ reason: 'needs-approval' });
    expect(runs).toHaveLength(1);
  });

  it('comes too late when the approval has expired', async () => {
    const point = door('expired');
    const call = { tool: 'crm.purge', arguments: { id: 5 } };
    const { id, digest } = await asked(point, call);
    await vi.waitFor(async () => expect(await isPending(id)).toBe(false), { timeout: 10_000 });
    expect((await vote(id, digest)).status).toBe(409);
    expect((await run(point, call)).kind).toBe('refused');
    expect(runs).toEqual([]);
  });

  it('of the owner alone does not count where two must say it', async () => {
    const point = door('self');
    const call = { tool: 'pay.send', arguments: { id: 6 } };
    const { id, digest } = await asked(point, call);
    const dana = await bench.keyOf('dana@example.com');
    await vote(id, digest, dana);
    await vote(id, digest, await bench.keyOf('abe@example.com'));
    expect(await run(point, call)).toMatchObject({ reason: 'needs-approval' });
    expect(runs).toEqual([]);
  });

  it('cannot be given by the agent itself', async () => {
    const point = door('agent');
    const { id, digest } = await asked(point, { arguments: { id: 7 } });
    expect((await vote(id, digest, key)).status).toBe(403);
    expect(runs).toEqual([]);
  });

  it('is worth nothing at a door that was restarted, or at another one', async () => {
    const call = { arguments: { id: 8 } };
    const before = door('restarted');
    const { id, digest } = await asked(before, call);
    await vote(id, digest);
    await before.close();
    expect(await run(door('restarted'), call)).toMatchObject({ reason: 'needs-approval' });
    expect(await run(door('another'), call)).toMatchObject({ reason: 'needs-approval' });
    expect(runs).toEqual([]);
  });

  it('is worth nothing after a kill, also when the kill is over', async () => {
    const call = { arguments: { id: 9 } };
    const point = door('killed');
    const { id, digest } = await asked(point, call);
    const body = { scope: { agent: 'billing-bot' }, mode: 'kill' };
    const halt = (await bench.send('POST', '/v1/halts?wait=10s', { body })).body;
    await vote(id, digest);
    expect(await run(point, call)).toMatchObject({ kind: 'refused', reason: 'halted' });
    const second = await bench.keyOf('olga@example.com');
    const lift = { key: second, body: { reason: 'looked at' } };
    expect((await bench.send('POST', `/v1/halts/${halt.id}/lift`, lift)).status).toBe(200);
    expect((await run(point, call)).kind).toBe('refused');
    expect(runs).toEqual([]);
  });
});

describe('a permit', () => {
  async function permitAt(point: string, intent: string, as = key) {
    const body = { id: intent, tool: 'crm.write', arguments: { id: 1 }, point };
    return (await bench.send('POST', '/v1/intents', { key: as, body })).body.permit as string;
  }
  const call = { tool: 'crm.write', arguments: { id: 1 }, agentId: 'crm-bot' };

  it('is used once, at one door, also when both are tried at once', async () => {
    const crm = await bench.keyOf('crm-bot');
    const [one, other] = [door('d-one', crm), door('d-other', crm)];
    const permit = await permitAt('d-one', 'twice', crm);
    const tries = [one, other, one, other].map((point) => point.admit(permit, call, execute));
    await Promise.all(tries);
    expect(runs).toHaveLength(1);
  });

  it('of another agent opens nothing', async () => {
    const crm = await bench.keyOf('crm-bot');
    const point = door('stolen', crm);
    const permit = await permitAt('stolen', 'stolen-1', crm);
    const mallory = { ...call, agentId: 'billing-bot' };
    expect(await point.admit(permit, mallory, execute)).toMatchObject({ flaw: 'agent' });
    expect(runs).toEqual([]);
  });

  it('that was asked for before a halt opens nothing after it', async () => {
    const crm = await bench.keyOf('crm-bot');
    const point = door('older', crm);
    const permit = await permitAt('older', 'older-1', crm);
    const body = { scope: { tool: 'crm.write' }, mode: 'pause' };
    const halt = (await bench.send('POST', '/v1/halts?wait=10s', { body })).body;
    expect(halt.confirmations).toMatchObject({ silent: 0 });
    await bench.send('POST', `/v1/halts/${halt.id}/lift`, { body: { reason: 'over' } });
    expect(await point.admit(permit, call, execute)).toMatchObject({ flaw: 'epoch' });
    expect(runs).toEqual([]);
  });
});

describe('a guarded function', () => {
  it('is an enforcement point: a kill ends its call, and is confirmed by it', async () => {
    const crm = await bench.keyOf('crm-bot');
    const client = connect({ url: bench.url, key: crm, point: 'guarded' });
    let hangs = 0;
    const hang = client.guard('crm.write', (_: { id: number }) => {
      hangs += 1;
      return new Promise<string>(() => {});
    });
    const call = hang({ id: 1 });
    call.catch(() => undefined);
    await vi.waitFor(() => expect(hangs).toBe(1));
    const body = { scope: { agent: 'crm-bot' }, mode: 'kill' };
    const halt = (await bench.send('POST', '/v1/halts?wait=10s', { body })).body;
    expect(halt.confirmations.byPoint).toContainEqual(
      expect.objectContaining({ point: 'guarded', state: 'confirmed' }),
    );
    await expect(call).rejects.toThrow(/kill/);
    await expect(hang({ id: 2 })).rejects.toThrow(DeniedError);
    await client.close();
  });
});
