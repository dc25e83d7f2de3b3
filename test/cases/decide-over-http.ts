/** Sends a recorded set through the front door, as NDJSON batches, and reads the decisions back. */
import type { EstopProcess } from '../e2e/estop-process.ts';
import { intentLines } from './convert.ts';
import type { RecordedSet } from './recorded.ts';
import type { DecisionLine } from './score.ts';

const BATCH_LINES = 500;

export async function decideOverHttp(
  estop: EstopProcess,
  set: RecordedSet,
): Promise<readonly DecisionLine[]> {
  const lines = intentLines(set);
  const decided: DecisionLine[] = [];
  for (let at = 0; at < lines.length; at += BATCH_LINES) {
    const batch = lines.slice(at, at + BATCH_LINES);
    const body = batch.map(({ at: _recorded, ...intent }) => JSON.stringify(intent)).join('\n');
    const response = await fetch(`${estop.url}/v1/intents/batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${estop.operatorKey}`,
        'content-type': 'application/x-ndjson',
      },
      body: `${body}\n`,
    });
    const answers = (await response.text()).trim().split('\n');
    for (const answer of answers) {
      const { intentId: id, decision, reason, rules, at: decidedAt } = JSON.parse(answer);
      decided.push({ id, decision, reason, rules, at: decidedAt });
    }
  }
  return decided;
}
