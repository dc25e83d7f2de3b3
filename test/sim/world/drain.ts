/** After the last step faults stop, and time goes on until nobody has anything left to do (I12). */
import { must } from '../violation.ts';
import type { World } from './world.ts';
import type { Writer } from './writer.ts';

const ROUNDS_MAX = 400;
const ROUND_MS = 250;
/** Asks that were lost are repeated after a second. */
const QUIET_ROUNDS = 6;
const INPUTS = 200;

export function drain(world: World): void {
  world.heal();
  // A partition that is closed answers nobody who asks it.
  if (world.observer.isAnyTruncated) return;
  let quiet = 0;
  let rounds = 0;
  for (; quiet < QUIET_ROUNDS && rounds < ROUNDS_MAX; rounds += 1) {
    world.log.nowMs += ROUND_MS;
    const isQuiet = turnAll(world);
    quiet = isQuiet ? quiet + 1 : 0;
  }
  must(quiet > 0, 'I12', () => `there is still work after ${ROUNDS_MAX} rounds`);
}

function turnAll(world: World): boolean {
  let isQuiet = true;
  for (const partition of world.log.audit.keys()) {
    const writer = world.writerOf(partition);
    settle(world, writer);
    writer.turn({ inputs: INPUTS, order: 0, ticks: true });
    if (!writer.outgoing.isEmpty) isQuiet = false;
    settle(world, writer);
    if (!isIdle(world, writer)) isQuiet = false;
  }
  return isQuiet;
}

function settle(world: World, writer: Writer): void {
  while (!writer.outgoing.isEmpty && writer.end === null) {
    world.deliver(writer, { fate: 'appended', count: Number.POSITIVE_INFINITY });
  }
}

function isIdle(world: World, writer: Writer): boolean {
  const { awaitedByKey, poolByLimit } = writer.state;
  if (!writer.isSettled || !writer.isCaughtUp || awaitedByKey.size > 0) return false;
  if ([...poolByLimit.values()].some(({ queue }) => queue.length > 0)) return false;
  return !world.observer.model(writer.deps.partition).books.holdings.isAsking;
}
