/** Sixty faults on a real Kafka. `npm run chaos -- --faults 1000` is the same for longer. */
import { beforeAll, describe, expect, it } from 'vitest';
import { buildEstop } from '../harness/build.ts';
import { violationLines } from './checker/check.ts';
import { renderReport } from './report.ts';
import { runChaos } from './run.ts';
import { KINDS } from './schedule.ts';

const FAULTS = 60;
const SEED = 20_261_123;
const RUN_MS_MAX = 10 * 60_000;

beforeAll(buildEstop, 120_000);

describe('estop on Kafka, under faults', () => {
  it(
    'keeps every promise over kills, freezes, cuts, lost brokers, poison and clock jumps',
    async () => {
      const told: string[] = [];
      const tell = (line: string) => void told.push(line);
      const { faults, judgement, seconds } = await runChaos({ faults: FAULTS, seed: SEED, tell });
      console.info(renderReport(faults, judgement, { seed: SEED, seconds }));
      const text = `${violationLines(judgement.violations)}\n${told.join('\n')}`;
      expect(judgement.violations, text).toEqual([]);
      expect(faults).toHaveLength(FAULTS);
      expect(new Set(faults.map(({ kind }) => kind)).size).toBe(KINDS.length);
      expect(judgement.acknowledged).toBeGreaterThan(1_000);
    },
    RUN_MS_MAX,
  );
});
