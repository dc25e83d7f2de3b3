import { MemoryLog } from '@estop/log/memory-log';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { PolicyHash } from '@estop/schemas/ids';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ControlFeed, type LoadedFleet } from '../../src/process/control-feed.ts';
import { FILES, loadFleet, PolicyRig } from './policy-rig.ts';

const OTHER = { ...FILES, 'limits.yaml': 'budgets: []\n' };

let rig: PolicyRig;
let feed: ControlFeed;
/** The feed cannot load a bundle before this is called. */
let compile: () => void;

beforeEach(async () => {
  const log = new MemoryLog({ partitions: 1 });
  rig = new PolicyRig(log);
  await rig.apply();
  let gate = Promise.resolve();
  const load = async (files: ReadonlyMap<string, string>): Promise<LoadedFleet> => {
    await gate;
    return loadFleet(files);
  };
  feed = new ControlFeed({ log, loadFleet: load, logger: createMemoryLogger().logger });
  await feed.start();
  gate = new Promise((resolve) => {
    compile = resolve;
  });
});

afterEach(() => feed.close());

function need(fleetHash: PolicyHash, nextOffset: number) {
  return { partition: 0, fleetHash, nextOffsetByTopic: new Map([['policies.v1', nextOffset]]) };
}

it('lets a partition wait for a bundle that another process was faster to compile', async () => {
  const hash = await rig.apply(OTHER);
  let isOver = false;
  const waited = feed.untilFleet(need(hash, 4)).then(() => {
    isOver = true;
  });
  await rig.halt({ fleet: true });
  expect(isOver).toBe(false);
  expect(feed.fleet(hash)).toBeNull();
  compile();
  await waited;
  expect(feed.fleet(hash)?.hash).toBe(hash);
});

it('lets nobody wait who has a newer bundle to go to', async () => {
  const gone = `sha256:${'0'.repeat(64)}` as PolicyHash;
  await feed.untilFleet(need(gone, 0));
  expect(feed.fleet(gone)).toBeNull();
});
