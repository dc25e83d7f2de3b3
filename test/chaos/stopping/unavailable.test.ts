/** Without a control plane nothing above read is done, however it is gone. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildEstop } from '../../harness/build.ts';
import type { Edge } from './edge.ts';
import { edgeNames } from './plan.ts';
import { openStoppingWorld, type StoppingWorld } from './world.ts';

const CALLS = 1_000;
/** That show that the same edge does run calls. */
const CALLS_BEFORE = 10;
/** What was held back arrives when everything is back, and is too late. */
const BACK_MS = 2_000;
const TEST_MS = 90_000;

let world: StoppingWorld;
let ranBefore: readonly number[];

beforeAll(async () => {
  await buildEstop();
  world = await openStoppingWorld(edgeNames(4), 'idle');
  for (const edge of world.edges) {
    const expectSomeRun = async () => {
      expect(await edge.callAtOnce(CALLS_BEFORE)).toBeLessThan(CALLS_BEFORE);
    };
    await vi.waitFor(expectSomeRun, { timeout: 30_000 });
  }
  ranBefore = await executed();
}, 120_000);

afterAll(() => world?.close());

async function expectNothingRuns(edges: readonly Edge[]): Promise<void> {
  const refused = await Promise.all(edges.map((edge) => edge.callAtOnce(CALLS)));
  expect(refused).toEqual(edges.map(() => CALLS));
}

async function executed(): Promise<readonly number[]> {
  const all = await Promise.all(world.edges.map((edge) => edge.executions()));
  return all.map(({ length }) => length);
}

describe('of a thousand destructive calls', () => {
  it(
    'none runs while the control plane is frozen, unreachable, or swallows what it is sent, nor when it is back',
    async () => {
      const [frozen, refused, swallowed] = world.edges;
      if (frozen === undefined || refused === undefined || swallowed === undefined) {
        throw new Error('edges are missing');
      }
      await refused.proxy.stop();
      swallowed.proxy.cut();
      process.kill(world.estop.pid, 'SIGSTOP');
      await expectNothingRuns([frozen, refused, swallowed]);
      process.kill(world.estop.pid, 'SIGCONT');
      swallowed.proxy.heal();
      await delay(BACK_MS);
      expect(await executed()).toEqual(ranBefore);
    },
    TEST_MS,
  );

  it(
    'none runs after kill -9 of the control plane',
    async () => {
      await world.estop.stop('SIGKILL');
      await expectNothingRuns(world.edges.slice(3));
      expect(await executed()).toEqual(ranBefore);
    },
    TEST_MS,
  );
});
