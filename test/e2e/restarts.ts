/** A process that ends, in order or not, and one that goes on from its snapshot; on every log. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, EstopProcess } from './estop-process.ts';
import { FLEET } from './fleet.ts';

const TEST_MS = 120_000;
/** As long as a Kafka may take to find out that a killed member is gone, twice. */
const SERVED_MS_MAX = 30_000;
/** A new Kafka may have no coordinator for the group at first. */
const RENEWED = /the membership of estop-policy is renewed/;

export function describeRestarts(
  name: string,
  env: () => Promise<Readonly<Record<string, string>>>,
): void {
  describe(`a restart on ${name}`, () => {
    let estop: EstopProcess;
    let key: string;

    beforeAll(async () => {
      estop = new EstopProcess({ files: FLEET, env: await env() });
      await estop.start();
      key = await estop.agentKey('billing-bot');
    }, TEST_MS);

    afterAll(async () => {
      await estop.dispose();
      const complaints = estop.complaints.split('\n').filter((line) => !RENEWED.test(line));
      expect(complaints.join('\n')).toBe('');
    });

    async function ask(tool: string, id: string = randomUUID()): Promise<Body> {
      const intent = { id, tool, arguments: { id: 'x' } };
      const deadlineMs = performance.now() + SERVED_MS_MAX;
      for (;;) {
        const { status, body } = await estop.post('/v1/intents', intent, key);
        if (status !== 503 || performance.now() > deadlineMs) return body;
      }
    }

    async function metric(name: string): Promise<number> {
      const response = await fetch(`${estop.url}/metrics`, {
        headers: { authorization: `Bearer ${estop.operatorKey}` },
      });
      const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(await response.text())?.[1];
      return Number(value);
    }

    /** Records folded, when all partitions are taken over. */
    async function folded(): Promise<number> {
      await ask('crm.read');
      return metric('estop_policy_folded_records_total');
    }

    async function expectVerified(): Promise<void> {
      const { code, out } = await estop.cli('verify');
      expect(code, out).toBe(0);
    }

    it(
      'goes on from the snapshot after an orderly end, and after kill -9 from there',
      async () => {
        const first = randomUUID();
        const decision = await ask('crm.update', first);
        for (let call = 0; call < 20; call += 1) await ask('crm.read');
        expect(await estop.stop('SIGINT')).toBe(0);
        await estop.start();
        expect(await folded()).toBe(0);
        expect((await ask('crm.update', first))['record']).toEqual(decision['record']);
        await expectVerified();

        for (let call = 0; call < 5; call += 1) await ask('crm.update');
        await estop.stop('SIGKILL');
        await estop.start();
        const tail = await folded();
        // Six updates and reads at least, and one record of each takeover; not those of before.
        expect(tail).toBeGreaterThanOrEqual(6);
        expect(tail).toBeLessThan(6 + 12 + 5);
        expect((await ask('crm.update', first))['record']).toEqual(decision['record']);
        expect((await ask('crm.update'))['reason']).toBe('rate-limited');
        expect(await metric('estop_policy_snapshots_refused_total')).toBe(0);
        await expectVerified();
      },
      TEST_MS,
    );
  });
}
