/**
 * The main flows, told once and run on every log. After each of them the state rebuilt from the log
 * must equal the live one, byte for byte (`estop verify`).
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Body, EstopProcess } from './estop-process.ts';
import { FLEET, SWARM, SWARM_CEILING } from './fleet.ts';

export function describeScenarios(
  name: string,
  env: () => Promise<Readonly<Record<string, string>>>,
): void {
  describe(`estop on ${name}`, () => {
    let estop: EstopProcess;
    let key: string;

    beforeAll(async () => {
      estop = new EstopProcess({ files: FLEET, env: await env() });
      await estop.start();
      key = await estop.agentKey('billing-bot');
    }, 120_000);

    afterAll(async () => {
      await estop.dispose();
      expect(estop.complaints).toBe('');
    });

    afterEach(async () => {
      const { code, out } = await estop.cli('verify');
      expect(out).not.toContain('differs');
      expect(code, out).toBe(0);
    }, 60_000);

    function propose(tool: string, args: object = {}, more: object = {}) {
      const intent = { id: randomUUID(), tool, arguments: args, ...more };
      return { intent, answer: () => estop.post('/v1/intents', intent, key) };
    }

    it('allows what a rule permits, with the record that proves it', async () => {
      const { intent, answer } = propose('crm.read', { id: '7' }, { reason: 'to look' });
      const { status, body } = await answer();
      expect(status).toBe(200);
      expect(body).toMatchObject({ intentId: intent.id, decision: 'allow', reason: 'permitted' });
      const { partition, offset } = body['record'];
      const record = await estop.get(`/v1/records/${partition}/${offset}`);
      expect(JSON.stringify(record.body)).toContain(intent.id);
    });

    it('denies with the reason of each step', async () => {
      const asked = [
        propose('secrets.read'),
        propose('nowhere.to.be.found'),
        propose('crm.update', { id: 7 }),
        propose('crm.update', { id: '7', extra: 1 }),
        propose('payments.send', { to: 'x', amountMicroUsd: 1001 }),
      ];
      const reasons = [];
      for (const { answer } of asked) reasons.push((await answer()).body['reason']);
      expect(reasons).toEqual([
        'forbidden',
        // Outside the catalogue is destructive, and what is destructive asks a person here.
        'approval-required',
        'invalid-arguments',
        'invalid-arguments',
        'budget-exhausted',
      ]);
    });

    it('gives the same intent the same decision, and another content 409', async () => {
      const { intent, answer } = propose('crm.read', { id: '1' });
      const first = await answer();
      expect((await answer()).body).toEqual(first.body);
      const other = { ...intent, arguments: { id: '2' } };
      expect((await estop.post('/v1/intents', other, key)).status).toBe(409);
    });

    it('counts a sliding window and says when to come back', async () => {
      const answers = [];
      for (let call = 0; call < 6; call += 1) {
        answers.push((await propose('crm.update', { id: `${call}` }).answer()).body);
      }
      expect(answers.map(({ decision }) => decision)).toEqual([
        ...Array.from({ length: 5 }, () => 'allow'),
        'deny',
      ]);
      expect(answers[5]).toMatchObject({ reason: 'rate-limited' });
      expect(answers[5]?.['retryAfterMs']).toBeGreaterThan(3_000_000);
    });

    it('asks two people for money, and takes the second yes as the decision', async () => {
      const { intent, answer } = propose('payments.send', { to: 'acme', amountMicroUsd: 400 });
      const { body } = await answer();
      expect(body).toMatchObject({
        decision: 'needs-approval',
        approval: { id: expect.anything() },
      });
      const waiting = estop.get(`/v1/intents/${intent.id}?wait=20s`, key);
      const votes = [];
      for (const person of ['erin@example.com', 'dana@example.com']) {
        votes.push(await vote(body['approval'], person, 'approve'));
      }
      // Dana owns the agent: her yes does not count where two are needed.
      expect(votes.map(({ status }) => status)).toEqual([200, 403]);
      const last = await estop.post(approvalPath(body['approval']), {
        decision: 'approve',
        digest: body['approval'].digest,
      });
      expect(last.status).toBe(200);
      expect((await waiting).body).toMatchObject({ decision: 'allow', reason: 'approved' });
      await outcome(intent.id, { status: 'ok', cost: { microUsd: 300 } });
      await until(async () => {
        const { body: agent } = await estop.get('/v1/agents/billing-bot');
        return JSON.stringify(agent).includes('"spent":300');
      });
    });

    it('takes a no as final, also for the digest of another content', async () => {
      const { intent, answer } = propose('crm.delete', { id: '9' });
      const { approval } = (await answer()).body as { approval: Approval };
      const wrong = await estop.post(approvalPath(approval), {
        decision: 'approve',
        digest: `sha256:${'0'.repeat(64)}`,
      });
      expect(wrong.status).toBe(409);
      expect((await vote(approval, 'erin@example.com', 'reject')).status).toBe(200);
      const { body } = await estop.get(`/v1/intents/${intent.id}?wait=5s`, key);
      expect(body).toMatchObject({ decision: 'deny', reason: 'approval-rejected' });
      const late = await vote(approval, 'erin@example.com', 'approve');
      expect(late.status).toBe(409);
    });

    it('lets an approval expire', async () => {
      const { intent, answer } = propose('crm.delete', { id: '10' });
      expect((await answer()).body).toMatchObject({ decision: 'needs-approval' });
      const { body } = await estop.get(`/v1/intents/${intent.id}?wait=10s`, key);
      expect(body).toMatchObject({ decision: 'deny', reason: 'approval-expired' });
    });

    it('halts an agent and lets it go on when the halt is lifted', async () => {
      const halt = await estop.post('/v1/halts', {
        scope: { agent: 'billing-bot' },
        mode: 'pause',
        reason: 'it is 3 AM',
      });
      expect(halt.status).toBe(201);
      expect((await propose('crm.read').answer()).body).toMatchObject({ reason: 'halted' });
      const lift = await estop.post(`/v1/halts/${halt.body['id']}/lift`, { reason: 'false alarm' });
      expect(lift.status).toBeLessThan(300);
      await until(async () => (await propose('crm.read').answer()).body['decision'] === 'allow');
    });

    it('suspends and resumes an agent', async () => {
      expect((await estop.post('/v1/agents/billing-bot/suspend', {})).status).toBe(200);
      expect((await propose('crm.read').answer()).body).toMatchObject({
        reason: 'agent-suspended',
      });
      expect((await estop.post('/v1/agents/billing-bot/resume', {})).status).toBe(200);
      expect((await propose('crm.read').answer()).body).toMatchObject({ decision: 'allow' });
    });

    it('forgets nothing over a clean restart', async () => {
      const { intent, answer } = propose('crm.read', { id: '5' });
      const first = await answer();
      expect(await estop.stop('SIGINT')).toBe(0);
      await estop.start();
      expect((await answer()).body).toMatchObject({ record: first.body['record'] });
      const seen = await estop.get(`/v1/intents/${intent.id}`, key);
      expect(seen.body).toMatchObject({ decision: 'allow' });
    }, 120_000);

    it('loses nothing it answered to kill -9, and goes on', async () => {
      const answered: { readonly id: string; readonly record: unknown }[] = [];
      const load = (async () => {
        try {
          for (;;) {
            const { intent, answer } = propose('crm.read', { n: answered.length });
            const { body, status } = await answer();
            if (status === 200) answered.push({ id: intent.id, record: body['record'] });
          }
        } catch {
          // The process is gone.
        }
      })();
      await until(async () => answered.length > 50);
      await estop.stop('SIGKILL');
      await load;
      await estop.start();
      for (const { id, record } of answered.slice(-50)) {
        const { body } = await estop.get(`/v1/intents/${id}`, key);
        expect(body['record']).toEqual(record);
      }
      // On Kafka the killed member's session must run out before its partitions move.
      await until(async () => (await propose('crm.read').answer()).body['decision'] === 'allow');
    }, 120_000);

    it('allows exactly 37 of 100 concurrent calls under a shared ceiling of 37', async () => {
      const verdicts = await Promise.all(SWARM.map((agent) => decided(agent, 'swarm.quiet')));
      expect(verdicts.filter((verdict) => verdict === 'allow')).toHaveLength(SWARM_CEILING);
      expect(new Set(verdicts)).toEqual(new Set(['allow', 'budget-exhausted']));
      const { body } = await estop.get('/v1/agents/swarm-7');
      const budgets: readonly Body[] = body['budgets'];
      expect(budgets.find(({ budgetId }) => budgetId === 'quiet')).toMatchObject({
        shared: true,
        ceiling: SWARM_CEILING,
        spent: 0,
        reserved: SWARM_CEILING,
        free: 0,
        inSlices: 0,
      });
      const { out } = await estop.cli('status');
      expect(out).toMatch(/quiet .*37/);
    }, 60_000);

    it('allows no call more when it is killed in the middle', async () => {
      const asked = SWARM.map((agent) => decided(agent, 'swarm.killed'));
      await Promise.race(asked);
      await estop.stop('SIGKILL');
      await estop.start();
      const verdicts = await Promise.all(asked);
      expect(verdicts.filter((verdict) => verdict === 'allow')).toHaveLength(SWARM_CEILING);
    }, 120_000);

    /** Asks until it is decided, as the SDK does: always with the same id. */
    async function decided(agent: string, tool: string): Promise<string> {
      const intent = { id: randomUUID(), agent, tool, arguments: {} };
      for (;;) {
        const answer = await estop.post('/v1/intents', intent).catch(() => undefined);
        if (answer?.status === 200) {
          const { decision, reason } = answer.body;
          return decision === 'allow' ? 'allow' : String(reason);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    interface Approval {
      readonly id: string;
      readonly digest: string;
    }

    function approvalPath(approval: Approval): string {
      return `/v1/approvals/${encodeURIComponent(approval.id)}`;
    }

    const personKeys = new Map<string, string>();

    async function vote(approval: Approval, person: string, decision: 'approve' | 'reject') {
      let personKey = personKeys.get(person);
      if (personKey === undefined) {
        const issued = await estop.post(`/v1/people/${person}/credentials`, { kind: 'api-key' });
        personKey = String(issued.body['secret']);
        personKeys.set(person, personKey);
      }
      const { digest } = approval;
      return estop.post(approvalPath(approval), { decision, digest }, personKey);
    }

    async function outcome(intentId: string, body: object): Promise<void> {
      const { status } = await estop.post(`/v1/intents/${intentId}/outcome`, body, key);
      expect(status).toBe(204);
    }
  });
}

async function until(probe: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
