/**
 * `npm run bench -- breaker [--data DIR] [--out DIR] [--agents N]`: the breaker's detectors on recorded data and
 * on a simulated fleet, each figure asked for beside the one measured. With `--out`, each recorded
 * series and session is written with what the detectors made of it.
 */
import { parseArgs } from 'node:util';
import { benchCost } from './breaker/cost-bench.ts';
import { benchFleet } from './breaker/fleet-bench.ts';
import { benchLlmLoad } from './breaker/llm-load-bench.ts';
import { benchLoops } from './breaker/loops-bench.ts';
import { benchSeries } from './breaker/recorded-series-bench.ts';
import { createReport } from './breaker/report.ts';

const FLEET_AGENTS = 400;

export async function benchBreaker(): Promise<string> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      data: { type: 'string' },
      out: { type: 'string' },
      agents: { type: 'string', default: String(FLEET_AGENTS) },
    },
  });
  const report = createReport(values.out, (line) => process.stdout.write(`${line}\n`));
  const agents = Number(values.agents);
  benchCost(report);
  if (values.data === undefined) {
    process.stderr.write(
      'no recorded data: pass --data DIR, a folder with nab, cloudmon, loops and llmload in it\n',
    );
  } else {
    benchSeries(values.data, report);
    benchLoops(values.data, report);
    benchLlmLoad(values.data, report);
  }
  // With `--agents 0` only what was recorded is judged.
  if (agents > 0) {
    benchFleet(agents, 'shape', report);
    benchFleet(Math.ceil(agents / 4), 'variance', report);
  }
  return 'see the table above';
}
