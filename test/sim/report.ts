/** What is said of a broken run: one line that repeats it, and the shortest history that was found. */
import { sayingOf } from './model/sayings.ts';

import type { Broken } from './shrink.ts';
import { Actions } from './world/actions.ts';
import { AUDIT_CODEC } from './world/audit-codec.ts';
import type { Machinery } from './world/machinery.ts';
import { World } from './world/world.ts';

export function reproduction(seed: number, steps: number, plant: string | null): string {
  const planted = plant === null ? '' : ` --plant '${plant}'`;
  return `npm run sim -- --seed ${seed} --steps ${steps}${planted}`;
}

/** Steps as they were taken, and after each the records it brought into the log. */
export function historyOf({ scenario }: Broken, machinery: () => Machinery): readonly string[] {
  const world = new World(scenario, machinery());
  const actions = new Actions(world);
  const read = world.log.audit.map(() => 0);
  const lines: string[] = [];
  for (const step of scenario.steps) {
    const clock = new Date(world.log.nowMs).toISOString().slice(11, 23);
    lines.push(`${clock} ${step.kind} ${step.a % 100} ${step.b % 100} ${step.c % 100}`);
    try {
      actions.take(step);
    } catch (error) {
      lines.push(`  ! ${error instanceof Error ? error.message.split('\n', 1)[0] : 'broken'}`);
    }
    lines.push(...newRecords(world, read));
  }
  return lines;
}

function newRecords({ log }: World, read: number[]): readonly string[] {
  return log.audit.flatMap((entries, partition) => {
    const from = read[partition] ?? 0;
    read[partition] = entries.length;
    return entries.slice(from).map(({ value }, index) => {
      const { seq, writer, events } = AUDIT_CODEC.decode(value);
      const said = events.map((event) => sayingOf(event) ?? event.type).join('; ');
      return `  ${partition}/${from + index} #${seq} ${writer}: ${said}`;
    });
  });
}
