/** What must be true when faults have stopped and everything was taken: nothing lost, nothing open. */
import { at, type SimLog } from '../log/sim-log.ts';
import { must } from '../violation.ts';
import type { World } from '../world/world.ts';
import type { Observer } from './observer.ts';

export function expectDrained(world: World): void {
  const { log, observer } = world;
  if (observer.isAnyTruncated) return;
  for (const partition of log.audit.keys()) {
    const model = observer.model(partition);
    for (const { input } of at(log.inputs['intents.v1'], partition)) model.expectKnown(input);
    must([...model.books.allWaiting].length === 0, 'I5', () => 'an intent waits for ever');
    // The text takes as long as a tenth of a run.
    const isByBytes = (world.scenario.seed + partition) % 8 === 0;
    observer.compareWhole(world.writerOf(partition), isByBytes);
  }
  expectNothingStranded(log, observer);
}

/** What a home counts as out to a partition is what that partition holds: no slice was lost. */
function expectNothingStranded(log: SimLog, observer: Observer): void {
  for (const partition of log.audit.keys()) {
    for (const [limit, start, holds] of observer.model(partition).books.holdings.settled()) {
      const out = observer.homes.outOf(limit, start, partition);
      must(out === holds, 'slices', () => {
        return `${limit}: partition ${partition} holds ${holds}, its home says ${out}`;
      });
    }
  }
}
