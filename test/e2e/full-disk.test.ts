/** A disk that refuses writes now and then, under agents at work. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Body, EstopProcess } from './estop-process.ts';
import { FLEET } from './fleet.ts';

/** A limit on the size of files stands for the full disk; the signal that goes with it is ignored. */
const UNDER_LIMITS = ['bash', '-c', `trap '' XFSZ; exec "$@"`, 'bash'];
const WORKERS = 8;
const REFUSALS = 6;
const REFUSED_MS = 300;
const WORK_MS = 500;
const RETRY_MS = 100;
const TEST_MS = 120_000;

let estop: EstopProcess;

beforeEach(async () => {
  estop = new EstopProcess({ files: FLEET, under: UNDER_LIMITS });
  await estop.start();
});

afterEach(() => estop.dispose());

function limitFiles(size: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', `${estop.pid}`, `--fsize=${size}:`]);
}

async function refuseWritesFor(ms: number): Promise<void> {
  limitFiles(statSync(join(estop.dataDir, 'log', 'log.mdb')).size);
  await pause(ms);
  limitFiles('unlimited');
}

describe('a disk that is full now and then', () => {
  it(
    'loses no acknowledged decision, doubles none, and is worked on when it has room',
    async () => {
      const decisions = new Map<string, Body>();
      const refusals = new Set<unknown>();
      const key = await estop.agentKey('billing-bot');
      let isOver = false;

      async function ask(id: string): Promise<void> {
        while (!isOver) {
          const body = { id, tool: 'crm.read', arguments: { id: 1 } };
          const answer = await estop.post('/v1/intents', body, key);
          if (answer.status === 200) {
            decisions.set(id, answer.body);
            return;
          }
          refusals.add(answer.body['code']);
          await pause(RETRY_MS);
        }
      }

      async function work(worker: number): Promise<void> {
        for (let index = 0; !isOver; index += 1) await ask(`w${worker}-${index}`);
      }

      const workers = Array.from({ length: WORKERS }, (_, worker) => work(worker));
      for (let index = 0; index < REFUSALS; index += 1) {
        await pause(WORK_MS);
        await refuseWritesFor(REFUSED_MS);
      }
      const before = decisions.size;
      await expect
        .poll(() => decisions.size, { timeout: 30_000 })
        .toBeGreaterThan(before + WORKERS);
      isOver = true;
      await Promise.all(workers);

      expect([...refusals].sort()).toContain('log-unavailable');
      for (const [id, decision] of decisions) {
        const again = await estop.request('GET', `/v1/intents/${id}?agent=billing-bot`);
        expect(again.body).toMatchObject({ intentId: id, record: decision['record'] });
      }
      const records = [...decisions.values()].map(
        ({ record }) => `${record.partition}/${record.offset}`,
      );
      expect(new Set(records).size).toBe(records.length);
      const { code, out } = await estop.cli('verify');
      expect(code, out).toBe(0);
    },
    TEST_MS,
  );
});
