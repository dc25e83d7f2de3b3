import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
// @boundaries-ignore the scripted control plane serves the tests of every package
import { type ControlPlane, createControlPlane } from '../../../test/harness/control-plane.ts';
import type { Answer, Asker } from '../src/asker.ts';
import type { Call, Outcome } from '../src/domain/call.ts';
import { type Done, type EnforcementPoint, openPoint } from '../src/point.ts';

type Proposed = Parameters<Asker['propose']>[0] & { readonly id: string };

let control: ControlPlane;
let url = '';
let close = async (): Promise<void> => {};
let points: EnforcementPoint[] = [];
let now = { wallMs: 0, jumpMs: 0 };

beforeEach(async () => {
  control = await createControlPlane((key) => key, ['finance']);
  now = { wallMs: 0, jumpMs: 0 };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    if (!control.answer(request, text === '' ? {} : JSON.parse(text), response)) {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
});

afterEach(async () => {
  await Promise.all(points.map((point) => point.close()));
  points = [];
  await close();
});

interface Rig {
  readonly point: EnforcementPoint;
  readonly proposed: Proposed[];
  readonly outcomes: Map<string, Outcome>;
}

type Decide = (intent: Proposed) => Promise<Answer>;

const allow: Decide = async (intent) => allowed(intent, await control.permitFor('bot', intent));

function allowed(
  intent: Proposed,
  permit: string | null,
  more: Partial<Extract<Answer, { decision: 'allow' }>> = {},
): Answer {
  const about = { intentId: intent.id, reason: 'permitted', message: 'so it is' };
  return { ...about, decision: 'allow', permit, tier: 'write', readAgainMs: 0, ...more };
}

function open(decide: Decide = allow, decideAgain?: Decide, name = 'door', folder?: string): Rig {
  const proposed: Proposed[] = [];
  const outcomes = new Map<string, Outcome>();
  const asker: Asker = {
    async propose(call) {
      const intent = { ...call, id: call.id ?? crypto.randomUUID() };
      proposed.push(intent);
      return decide(intent);
    },
    async wait(intentId) {
      const intent = proposed.find(({ id }) => id === intentId);
      if (intent === undefined || decideAgain === undefined) throw new Error('nobody asked');
      return decideAgain(intent);
    },
    async outcome(intentId, outcome) {
      outcomes.set(intentId, outcome);
      return true;
    },
  };
  const clock = {
    nowMs: () => Date.now() + now.wallMs,
    monotonicMs: () => performance.now() + now.jumpMs,
  };
  const point = openPoint({ url, key: 'bot', name, asker, clock, folder });
  points.push(point);
  return { point, proposed, outcomes };
}

const CALL: Call = { tool: 'crm.delete', arguments: { id: 7 } };
const ok = async () => ({ result: 'done', outcome: { status: 'ok' as const } });

async function leased({ point }: Rig): Promise<void> {
  await vi.waitFor(() => expect(point.hasLease).toBe(true), { timeout: 5_000 });
}

describe('an enforcement point', () => {
  it('runs what is allowed, once, and reports its outcome', async () => {
    const { point, proposed, outcomes } = open();
    expect(await point.run(CALL, ok)).toEqual({ kind: 'ran', result: 'done' });
    expect(proposed).toMatchObject([{ ...CALL, point: 'door' }]);
    await vi.waitFor(() => expect(outcomes.get(proposed[0]?.id ?? '')).toEqual({ status: 'ok' }));
  });

  it('passes on what the call throws, and reports an error', async () => {
    const { point, outcomes } = open();
    const fail = async () => Promise.reject(new Error('disk full'));
    await expect(point.run(CALL, fail)).rejects.toThrow('disk full');
    expect([...outcomes.values()]).toEqual([{ status: 'error', error: 'Error: disk full' }]);
  });

  it('runs nothing that is denied, and nothing without an answer', async () => {
    const denied = open(async ({ id }) => {
      return {
        intentId: id,
        decision: 'deny',
        reason: 'forbidden',
        message: 'no',
        retryAfterMs: 5,
      };
    });
    const refusal = { kind: 'refused', reason: 'denied', code: 'forbidden', retryAfterMs: 5 };
    expect(await denied.point.run(CALL, ok)).toMatchObject(refusal);
    const broken = open(async () => Promise.reject(new Error('ECONNREFUSED')), undefined, 'other');
    expect(await broken.point.run(CALL, ok)).toMatchObject({ reason: 'denied', code: 'timed-out' });
  });

  const flaws: readonly (readonly [string, (intent: Proposed) => Promise<string | null>])[] = [
    ['missing', async () => null],
    ['signature', async (intent) => `${(await control.permitFor('bot', intent)).slice(0, -4)}AAAA`],
    ['agent', (intent) => control.permitFor('other', intent)],
    ['audience', (intent) => control.permitFor('bot', { ...intent, point: 'elsewhere' })],
    ['tool', (intent) => control.permitFor('bot', intent, { tool: 'crm.read' })],
    ['arguments', (intent) => control.permitFor('bot', { ...intent, arguments: { id: 8 } })],
    ['expired', (intent) => control.permitFor('bot', intent, { exp: Date.now() / 1_000 - 1 })],
  ];
  it.each(flaws)(
    'refuses a permit whose binding is wrong, and says which: %s',
    async (flaw, permitOf) => {
      const { point, outcomes } = open(async (intent) => allowed(intent, await permitOf(intent)));
      let runs = 0;
      const ran = await point.run(CALL, async () => {
        runs += 1;
        return ok();
      });
      expect(ran).toMatchObject({ kind: 'refused', reason: 'permit-refused', flaw });
      expect(runs).toBe(0);
      expect([...outcomes.values()]).toMatchObject([{ status: 'cancelled' }]);
    },
  );

  it('uses no permit twice, also under two calls at once', async () => {
    let permit: Promise<string> | undefined;
    const rig = open(async (intent) => {
      permit ??= control.permitFor('bot', { ...intent, id: 'same' }, { intent: 'same' });
      return { ...allowed(intent, await permit), intentId: 'same' };
    });
    const answers = await Promise.all([rig.point.run(CALL, ok), rig.point.run(CALL, ok)]);
    expect(answers.filter(({ kind }) => kind === 'ran')).toHaveLength(1);
    expect(answers.find(({ kind }) => kind === 'refused')).toMatchObject({ flaw: 'spent' });
  });

  it('takes permits that agents bring, only at the door that they name', async () => {
    const [here, there] = [open(), open(allow, undefined, 'other')];
    const intent = { ...CALL, id: 'i-1', point: 'door' };
    const permit = await control.permitFor('bot', intent);
    const call = { ...CALL, agentId: 'bot' };
    const answers = await Promise.all([
      here.point.admit(permit, call, ok),
      there.point.admit(permit, call, ok),
    ]);
    expect(answers).toMatchObject([{ kind: 'ran' }, { kind: 'refused', flaw: 'audience' }]);
    expect(await here.point.admit(permit, call, ok)).toMatchObject({ flaw: 'spent' });
    const mallory = { ...call, agentId: 'mallory' };
    const stolen = await control.permitFor('bot', { ...intent, id: 'i-2' });
    expect(await here.point.admit(stolen, mallory, ok)).toMatchObject({ flaw: 'agent' });
  });
});

describe('a halt', () => {
  it('stops new calls before anybody is asked', async () => {
    const rig = open();
    await leased(rig);
    control.halt({ scope: { group: 'finance' }, mode: 'pause', epoch: 1 });
    await vi.waitFor(() => expect(control.epochByPoint.get('door')).toBe(1));
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'refused', reason: 'halted' });
    expect(rig.proposed).toEqual([]);
  });

  it('voids a permit that was given before it, however late it came', async () => {
    const rig: Rig = open(async (intent) => {
      const permit = await control.permitFor('bot', intent);
      control.halt({ scope: { agent: 'bot' }, mode: 'kill', epoch: 1, id: 'h-1' });
      control.halt({ scope: { agent: 'bot' }, mode: 'kill', epoch: 1, id: 'h-1', lifted: true });
      await vi.waitFor(() => expect(control.epochByPoint.get('door')).toBe(1));
      return allowed(intent, permit);
    });
    await leased(rig);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'refused', flaw: 'epoch' });
  });

  it('runs nothing that was allowed before the breaker of the agent opened, and goes on after', async () => {
    let isOpening = true;
    const rig = open(async (intent) => {
      const permit = await control.permitFor('bot', intent);
      if (isOpening) control.breaker({ mode: 'open', since: Date.now() + 1 });
      await sleep(50);
      return allowed(intent, permit);
    });
    await leased(rig);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'refused', flaw: 'breaker' });
    isOpening = false;
    control.breaker({ mode: 'half-open', since: Date.now() });
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'ran' });
  });

  it('runs nothing that the log has before the opening, however late the gateway heard of it', async () => {
    const rig = open(async (intent) => {
      const decidedAt = Date.now() - 100;
      const permit = await control.permitFor('bot', intent, { decidedAt });
      control.breaker({ mode: 'open', since: decidedAt + 50 });
      await sleep(50);
      return allowed(intent, permit);
    });
    await leased(rig);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'refused', flaw: 'breaker' });
  });

  it('that kills ends running calls and tells the door; one that pauses lets them end', async () => {
    const rig = open();
    await leased(rig);
    const killed: string[] = [];
    rig.point.onKill((why) => killed.push(why));
    const running = rig.point.run(CALL, ({ signal }) => {
      return new Promise<Done<string>>((resolve) => {
        signal.addEventListener('abort', () =>
          resolve({ result: 'cut', outcome: { status: 'unknown' } }),
        );
        control.halt({ scope: { agent: 'bot' }, mode: 'pause', epoch: 1 });
        setTimeout(() => control.halt({ scope: { fleet: true }, mode: 'kill', epoch: 2 }), 50);
      });
    });
    expect(await running).toEqual({ kind: 'ran', result: 'cut' });
    expect(killed).toHaveLength(1);
  });

  it('keeps a running call of several steps from its next one, also when it is lifted', async () => {
    const rig = open();
    await leased(rig);
    const halt = { scope: { agent: 'bot' }, mode: 'pause', epoch: 1, id: 'h-1' } as const;
    await rig.point.run(CALL, async ({ recheck }) => {
      expect(recheck()).toBeNull();
      control.halt(halt);
      control.halt({ ...halt, lifted: true });
      await vi.waitFor(() => expect(control.epochByPoint.get('door')).toBe(1));
      expect(recheck()).toMatchObject({ kind: 'refused', reason: 'halted' });
      return { result: null, outcome: { status: 'ok' } };
    });
  });

  it('is known to a door that comes later', async () => {
    control.halt({ scope: { tool: 'crm.delete' }, mode: 'pause', epoch: 3 });
    const rig = open();
    await leased(rig);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ reason: 'halted' });
  });
});

describe('without a lease', () => {
  it('nothing above read is done, whatever was decided', async () => {
    const rig = open(async (intent) => {
      control.fallSilent();
      now.jumpMs += 4_000;
      return allow(intent);
    });
    await leased(rig);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'refused', reason: 'no-lease' });
    expect([...rig.outcomes.values()]).toMatchObject([{ status: 'cancelled' }]);
  }, 20_000);

  it('reads go on as long as somebody decides them', async () => {
    const rig = open(async (intent) => {
      const permit = await control.permitFor('bot', intent, { tier: 'read' });
      return allowed(intent, permit, { tier: 'read' });
    });
    await leased(rig);
    control.fallSilent();
    now.jumpMs += 10_000;
    expect(rig.point.hasLease).toBe(false);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'ran' });
  });

  it('a wall clock that jumps gives none, and takes none away', async () => {
    const rig = open();
    await leased(rig);
    now.wallMs = 3_600_000;
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'ran' });
    now.wallMs = -3_600_000;
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'ran' });
  });
});

describe('a call that waits for a person', () => {
  const pend: Decide = async ({ id }) => {
    const approval = { id: `a:${id}`, expiresAt: Date.now() + 60_000 };
    const about = { intentId: id, reason: 'approval-required', message: 'a person looks' };
    return { ...about, decision: 'needs-approval', approval };
  };

  it('is answered at once, and goes through once after the yes', async () => {
    let isApproved = false;
    const rig = open(pend, (intent) => (isApproved ? allow(intent) : pend(intent)));
    expect(await rig.point.run(CALL, ok)).toMatchObject({ reason: 'needs-approval' });
    expect(await rig.point.run(CALL, ok)).toMatchObject({ reason: 'needs-approval' });
    expect(rig.proposed).toHaveLength(1);
    isApproved = true;
    expect(await rig.point.run(CALL, ok)).toEqual({ kind: 'ran', result: 'done' });
    expect(await rig.point.run(CALL, ok)).toMatchObject({ reason: 'needs-approval' });
    expect(rig.proposed).toHaveLength(2);
  });

  it('goes through once, however many make it at once', async () => {
    const rig = open(pend, allow);
    await rig.point.run(CALL, ok);
    const answers = await Promise.all([1, 2, 3, 4].map(() => rig.point.run(CALL, ok)));
    expect(answers.filter(({ kind }) => kind === 'ran')).toHaveLength(1);
  });

  it('is another one with other arguments', async () => {
    const rig = open(pend, allow);
    await rig.point.run(CALL, ok);
    const other = { ...CALL, arguments: { id: 8 } };
    expect(await rig.point.run(other, ok)).toMatchObject({ reason: 'needs-approval' });
  });

  it('is refused once with the no of the person, and asked anew afterwards', async () => {
    const rig = open(pend, async ({ id }) => {
      const about = { intentId: id, reason: 'approval-rejected', message: 'no' };
      return { ...about, decision: 'deny', retryAfterMs: null };
    });
    await rig.point.run(CALL, ok);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ code: 'approval-rejected' });
    expect(await rig.point.run(CALL, ok)).toMatchObject({ reason: 'needs-approval' });
  });
});

describe('a read that no limit counts', () => {
  const read: Decide = async (intent) => {
    const permit = await control.permitFor('bot', intent, { tier: 'read' });
    return allowed(intent, permit, { tier: 'read', readAgainMs: 2_000 });
  };

  it('runs again before it is asked for, and is asked for all the same', async () => {
    let isSlow = false;
    const release: (() => void)[] = [];
    const rig = open(async (intent) => {
      if (isSlow) await new Promise<void>((resolve) => release.push(resolve));
      return read(intent);
    });
    await leased(rig);
    await rig.point.run(CALL, ok);
    isSlow = true;
    let isRun = false;
    const again = rig.point.run(CALL, async () => {
      isRun = true;
      return ok();
    });
    await vi.waitFor(() => expect(isRun).toBe(true));
    expect(rig.proposed).toHaveLength(2);
    for (const go of release) go();
    expect(await again).toMatchObject({ kind: 'ran' });
    await vi.waitFor(() => expect(rig.outcomes.size).toBe(2));
  });

  it('is asked for first after a no behind it, after a halt, and after its time', async () => {
    let isAllowed = true;
    const rig = open(async (intent) => {
      if (isAllowed) return read(intent);
      const about = { intentId: intent.id, reason: 'not-permitted', message: 'no' };
      return { ...about, decision: 'deny', retryAfterMs: null };
    });
    await leased(rig);
    await rig.point.run(CALL, ok);
    isAllowed = false;
    await rig.point.run(CALL, ok);
    expect(await rig.point.run(CALL, ok)).toMatchObject({ kind: 'refused' });
    isAllowed = true;
    await rig.point.run(CALL, ok);
    control.halt({ scope: { agent: 'bot' }, mode: 'pause', epoch: 1, id: 'h-1' });
    await vi.waitFor(() => expect(control.epochByPoint.get('door')).toBe(1));
    expect(await rig.point.run(CALL, ok)).toMatchObject({ reason: 'halted' });
  });
});
