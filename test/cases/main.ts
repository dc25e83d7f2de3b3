/**
 * `npm run cases -- --data DIR --out DIR`: decides every recorded set of agent sessions under DIR
 * and writes `<set>.decisions.jsonl` and `<set>.report.md`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decideSet } from './decide.ts';
import { readRecordedSets } from './recorded.ts';
import { renderReport } from './report.ts';
import { scoreSet } from './score.ts';

const USAGE = 'usage: npm run cases -- --data DIR --out DIR';

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { data: { type: 'string' }, out: { type: 'string' } } });
  if (values.data === undefined || values.out === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const sets = readRecordedSets(values.data);
  if (sets.length === 0) {
    process.stderr.write(`${values.data} holds no set: no folder with *.intents.jsonl in it\n`);
    return 1;
  }
  mkdirSync(values.out, { recursive: true });
  for (const set of sets) {
    const decisions = await decideSet(set);
    const lines = decisions.map((line) => `${JSON.stringify(line)}\n`);
    writeFileSync(join(values.out, `${set.name}.decisions.jsonl`), lines.join(''));
    const report = renderReport(set.name, scoreSet(set, decisions));
    writeFileSync(join(values.out, `${set.name}.report.md`), report);
    process.stdout.write(`${report}\n`);
  }
  return 0;
}

process.exitCode = await main();
