/** A disk that is full now and then, under agents at work. */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Body, EstopProcess } from './estop-process.ts';
import { FLEET } from './fleet.ts';

const MIB = 1024 * 1024;
/** Far more than others write to the disk meanwhile; less where little is free. */
const FILL_MIB_MAX = 384;
const WORKERS = 8;
const TIMES_FULL = 6;
const FULL_MS = 500;
const WORK_MS = 500;
const RETRY_MS = 100;
const TEST_MS = 120_000;

let estop: EstopProcess;
let fillMib: number;

beforeEach(async () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  const freeMib = Math.floor((bavail * bsize) / MIB);
  fillMib = Math.min(FILL_MIB_MAX, Math.floor(freeMib / 4));
  const reserve = freeMib - Math.floor(fillMib / 2);
  estop = new EstopProcess({ files: FLEET, env: { ESTOP_DISK_RESERVE_MIB: `${reserve}` } });
  await estop.start();
});

afterEach(() => estop.dispose());

async function fillDiskFor(ms: number): Promise<void> {
  const path = join(dirname(estop.dataDir), 'filled');
  execFileSync('fallocate', ['-l', `${fillMib}MiB`, path]);
  await pause(ms);
  rmSync(path);
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
      for (let index = 0; index < TIMES_FULL; index += 1) {
        await pause(WORK_MS);
        await fillDiskFor(FULL_MS);
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
