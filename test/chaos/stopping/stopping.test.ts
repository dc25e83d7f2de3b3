/** Two hundred runs. `npm run chaos -- --stopping 2000` is the same for longer. */
import { beforeAll, describe, expect, it } from 'vitest';
import { buildEstop } from '../../harness/build.ts';
import { violationLines } from '../checker/check.ts';
import { renderStopping } from './report.ts';
import { runStopping } from './run.ts';

const RUNS = 200;
const SEED = 20_261_128;
const RUN_MS_MAX = 4 * 60_000;

beforeAll(buildEstop, 120_000);

describe('stopping, under faults', () => {
  it(
    'holds over frozen, cut off and slow edges, a control plane killed while halting, and wrong clocks',
    async () => {
      const told: string[] = [];
      const tell = (line: string) => void told.push(line);
      const { judgement, seconds } = await runStopping({ runs: RUNS, seed: SEED, tell });
      const report = renderStopping(judgement, { seed: SEED, seconds });
      console.info(report);
      const text = `seed ${SEED}\n${violationLines(judgement.violations)}\n${told.join('\n')}`;
      expect(judgement.violations, text).toEqual([]);
      expect(judgement.runs).toBeGreaterThanOrEqual(RUNS);
      // Who does nothing anyway proves nothing.
      expect(judgement.runsAtWork, text).toBeGreaterThan(RUNS / 2);
      expect(judgement.confirmations, text).toBeGreaterThan(RUNS / 4);
    },
    RUN_MS_MAX,
  );
});
