/** schemathesis asks a running estop what its OpenAPI document promises. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EstopProcess } from '../../e2e/estop-process.ts';
import { FLEET } from '../../e2e/fleet.ts';
import { runSchemathesis } from './schemathesis.ts';

const SEED = Number(process.env['ESTOP_FUZZ_SEED'] ?? 20_261_123);
const EXAMPLES = 20;
/** The first time it is fetched. */
const TIMEOUT_MS = 300_000;

let estop: EstopProcess;
let agentKey: string;
beforeAll(async () => {
  estop = new EstopProcess({ files: FLEET });
  await estop.start();
  agentKey = await estop.agentKey('billing-bot');
});
afterAll(() => estop.dispose());

const intent = { id: 'before', tool: 'crm.read', arguments: {} };

// The agent first: an operator may leave no fleet behind in which it is.
it.each(['agent', 'operator'])(
  'keeps every promise of its description to an %s, and what it decided before',
  async (who) => {
    const before = await estop.post('/v1/intents', intent, agentKey);
    const key = who === 'operator' ? estop.operatorKey : agentKey;
    const run = { url: estop.url, key, seed: SEED, examples: EXAMPLES };
    const { code, output } = await runSchemathesis(run);
    expect(code, output).toBe(0);
    // Proof that it asked.
    const [, tested] = /Tested: (\d+)/.exec(output) ?? [];
    expect(Number(tested)).toBeGreaterThan(25);
    const [, generated] = /(\d+) generated/.exec(output) ?? [];
    expect(Number(generated)).toBeGreaterThan(1_000);
    const after = await estop.get('/v1/intents/before', agentKey);
    expect(after.status).toBe(200);
    expect(after.body['record']).toEqual(before.body['record']);
    expect(estop.complaints).not.toContain('"code":"internal"');
  },
  TIMEOUT_MS,
);
