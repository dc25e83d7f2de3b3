import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  type Asked,
  runLine,
  type ScriptedGateway,
  startScripted,
} from './memory-io.ts';

let gateway: ScriptedGateway | undefined;

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

type Answers = Readonly<Record<string, Answer | ((asked: Asked) => Answer)>>;

async function scripted(answers: Answers) {
  gateway = await startScripted(answers);
  return gateway;
}

const DIGEST = `sha256:${'a1'.repeat(32)}`;
const HALT = { id: 'h-1', scope: { agent: 'billing-bot' }, mode: 'pause', epoch: 4, lifted: false };
const APPROVAL = {
  id: 'billing-bot:i1',
  agentId: 'billing-bot',
  tool: 'crm.delete',
  digest: DIGEST,
  arguments: { id: 'c-1' },
  expiresAt: 0,
};

describe('estop', () => {
  it('ends with 2 for what it does not know, and says where help is', async () => {
    const ran = await runLine(['explode']);
    expect(ran.exitCode).toBe(2);
    expect(ran.out).toBe('');
    expect(ran.err).toContain('--help');
  });

  it('shows its commands on stdout', async () => {
    const ran = await runLine(['--help']);
    expect(ran.exitCode).toBe(0);
    for (const command of ['serve', 'halt', 'approve', 'explain', 'verify']) {
      expect(ran.out).toContain(command);
    }
  });

  it('says what to do when nothing runs here', async () => {
    const ran = await runLine(['agents']);
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toContain('npm start');
  });

  it('finds the address and the key in the data folder', async () => {
    const { env, asked } = await scripted({ 'GET /v1/agents': { json: { agents: [] } } });
    const data = mkdtempSync(join(tmpdir(), 'estop-data-'));
    writeFileSync(join(data, 'address'), `${env['ESTOP_URL']}\n`);
    writeFileSync(join(data, 'operator.key'), 'estop_local\n');
    const ran = await runLine(['agents', '--data', data]);
    expect(ran.exitCode).toBe(0);
    expect(asked[0]?.key).toBe('Bearer estop_local');
  });

  it('does not send the local key to another machine', async () => {
    const data = mkdtempSync(join(tmpdir(), 'estop-data-'));
    writeFileSync(join(data, 'operator.key'), 'estop_local\n');
    const env = { ESTOP_URL: 'http://estop.invalid:7070' };
    const ran = await runLine(['agents', '--data', data], { env });
    expect(ran.exitCode).toBe(4);
  });

  it.each([
    [401, 4],
    [403, 4],
    [404, 5],
    [409, 6],
    [500, 1],
  ])('ends after status %i with %i and the words of the problem', async (status, code) => {
    const { env } = await scripted({
      'GET /v1/agents': { status, json: { code: 'x', title: 'T', detail: 'the very reason' } },
    });
    const ran = await runLine(['agents'], { env });
    expect(ran.exitCode).toBe(code);
    expect(ran.err).toContain('the very reason');
    expect(ran.out).toBe('');
  });
});

describe('estop halt', () => {
  it('stops at once, without a question or a reason', async () => {
    const { env, asked } = await scripted({ 'POST /v1/halts': { status: 201, json: HALT } });
    const ran = await runLine(['halt', 'billing-bot'], { env });
    expect(ran).toMatchObject({
      exitCode: 0,
      out: 'halted agent billing-bot (pause, epoch 4): h-1\nno enforcement point is connected\n',
    });
    expect(asked).toHaveLength(1);
    const body = { scope: { agent: 'billing-bot' }, mode: 'pause' };
    expect(JSON.parse(asked[0]?.text ?? '')).toEqual(body);
  });

  it.each([
    [[], 0],
    [['--wait', '10s'], 7],
    [['--wait', '10s', '-o', 'json'], 7],
  ])('with %j says who has not confirmed, and ends with %d', async (args, exitCode) => {
    const confirmations = {
      points: 43,
      confirmed: 40,
      confirmedInMs: 38,
      silent: 2,
      fencedInMs: 1_800,
      byPoint: [
        { point: 'one', state: 'confirmed', ms: 38 },
        { point: 'crm-3', state: 'silent', ms: 1_800 },
        { point: 'crm-4', state: 'silent', ms: 900 },
      ],
    };
    const json = { ...HALT, confirmations };
    const { env, asked } = await scripted({ 'POST /v1/halts': { status: 201, json } });
    const ran = await runLine(['halt', 'billing-bot', ...args], { env });
    expect(ran.exitCode).toBe(exitCode);
    const isJson = args.includes('json');
    expect(isJson ? JSON.parse(ran.out) : ran.out).toEqual(
      isJson
        ? json
        : 'halted agent billing-bot (pause, epoch 4): h-1\n' +
            '40 of 43 confirmed in 38 ms, 1 fenced by lease, ' +
            '2 silent, fenced by lease in 2 s: crm-3, crm-4\n',
    );
    expect(asked[0]?.url).toBe(`/v1/halts?wait=${args.length === 0 ? '500ms' : '10s'}`);
  });

  it('ends with 0 when all have confirmed in time', async () => {
    const confirmations = { points: 2, confirmed: 2, confirmedInMs: 4, silent: 0, byPoint: [] };
    const json = { ...HALT, confirmations };
    const { env } = await scripted({ 'POST /v1/halts': { status: 201, json } });
    const ran = await runLine(['halt', 'billing-bot', '--wait', '10s'], { env });
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.out).toContain('2 of 2 confirmed in 4 ms\n');
  });

  it('prints JSON for programs', async () => {
    const { env } = await scripted({ 'POST /v1/halts': { status: 201, json: HALT } });
    const ran = await runLine(['halt', '--fleet', '--mode', 'kill', '-o', 'json'], { env });
    expect(JSON.parse(ran.out)).toEqual(HALT);
  });

  it.each([[['halt']], [['halt', 'a', '--fleet']], [['halt', 'a', '--mode', 'maim']]])(
    '%o is a usage error and sends nothing',
    async (args) => {
      const { env, asked } = await scripted({});
      expect((await runLine(args, { env })).exitCode).toBe(2);
      expect(asked).toEqual([]);
    },
  );
});

describe('estop lift', () => {
  it('finds the halt by what it covers', async () => {
    const lifted = { ...HALT, id: 'h-0', lifted: true };
    const { env, asked } = await scripted({
      'GET /v1/halts': { json: { halts: [lifted, HALT] } },
      'POST /v1/halts/h-1/lift': { json: { ...HALT, lifted: true } },
    });
    const ran = await runLine(['lift', 'billing-bot', '--reason', 'fixed'], { env });
    expect(ran).toMatchObject({ exitCode: 0, out: 'lifted h-1\n' });
    expect(JSON.parse(asked[1]?.text ?? '')).toEqual({ reason: 'fixed' });
  });

  it('asks for a reason, and without a terminal ends with 2', async () => {
    const { env } = await scripted({ 'GET /v1/halts': { json: { halts: [HALT] } } });
    expect((await runLine(['lift', 'h-1'], { env })).exitCode).toBe(2);
  });

  it('ends with 5 when nothing is halted', async () => {
    const { env } = await scripted({ 'GET /v1/halts': { json: { halts: [] } } });
    expect((await runLine(['lift', 'a', '--reason', 'x'], { env })).exitCode).toBe(5);
  });
});

describe('estop approve', () => {
  const answers = (): Answers => ({
    'GET /v1/approvals': { json: { approvals: [APPROVAL] } },
    [`POST /v1/approvals/${encodeURIComponent(APPROVAL.id)}`]: { json: {} },
  });

  it('sends the whole digest for the short one that the list shows', async () => {
    const { env, asked } = await scripted(answers());
    const list = await runLine(['approvals'], { env });
    expect(list.out).toContain(DIGEST.slice(0, 19));
    const digest = DIGEST.slice(0, 19);
    const ran = await runLine(['approve', APPROVAL.id, '--digest', digest], { env });
    expect(ran.exitCode).toBe(0);
    const sent = JSON.parse(asked.at(-1)?.text ?? '');
    expect(sent).toEqual({ decision: 'approve', digest: DIGEST });
  });

  it('does not approve what it was not shown', async () => {
    const { env, asked } = await scripted(answers());
    const ran = await runLine(['approve', APPROVAL.id], { env });
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('{"id":"c-1"}');
    expect(asked.every((one) => one.method === 'GET')).toBe(true);
  });

  it('ends with 6 when the request is another one by now', async () => {
    const { env } = await scripted(answers());
    const digest = `sha256:${'0'.repeat(12)}`;
    expect((await runLine(['approve', APPROVAL.id, '--digest', digest], { env })).exitCode).toBe(6);
  });

  it('rejects without a digest', async () => {
    const { env, asked } = await scripted(answers());
    const ran = await runLine(['reject', APPROVAL.id, '--reason', 'no'], { env });
    expect(ran.out).toBe(`rejected ${APPROVAL.id}\n`);
    const sent = JSON.parse(asked.at(-1)?.text ?? '');
    expect(sent).toEqual({ decision: 'reject', digest: DIGEST, reason: 'no' });
  });
});

describe('estop propose', () => {
  const batch = (decision: (line: Record<string, unknown>) => string): Answers => ({
    'POST /v1/intents/batch': (asked) => ({
      type: 'application/x-ndjson',
      text: asked.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .map((line) => `${JSON.stringify({ intentId: line['id'], decision: decision(line) })}\n`)
        .join(''),
    }),
  });

  it('prints one decision per intent, in order, over as many batches as it takes', async () => {
    const { env, asked } = await scripted(batch(() => 'allow'));
    const ids = Array.from({ length: 450 }, (_unused, index) => `i${index}`);
    const stdin = ids
      .map((id) => `${JSON.stringify({ id, tool: 't', arguments: {} })}\n`)
      .join('\n');
    const ran = await runLine(['propose', '--agent', 'a'], { env, stdin });
    expect(ran.exitCode).toBe(0);
    const printed = ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).intentId);
    expect(printed).toEqual(ids);
    expect(asked.length).toBeGreaterThan(1);
    expect(JSON.parse(asked[0]?.text.split('\n')[0] ?? '')).toMatchObject({ agent: 'a' });
  });

  it('ends with 3 when something was denied', async () => {
    const { env } = await scripted(batch((line) => (line['id'] === 'i2' ? 'deny' : 'allow')));
    const stdin = '{"id":"i1"}\n{"id":"i2"}\n{"id":"i3"}';
    expect((await runLine(['propose'], { env, stdin })).exitCode).toBe(3);
  });

  it('names a line that is no intent, decides the others, and ends with 2', async () => {
    const { env } = await scripted(batch(() => 'allow'));
    const stdin = '{"id":"i1"}\nnonsense\n{"id":"i3"}\n';
    const ran = await runLine(['propose'], { env, stdin });
    expect(ran.exitCode).toBe(2);
    expect(ran.err).toContain('line 2');
    expect(ran.out.trim().split('\n')).toHaveLength(2);
  });

  it('asks again for the intents that were not decided in time, and keeps the order', async () => {
    const turns: string[][] = [];
    const { env } = await scripted({
      'POST /v1/intents/batch': (asked) => {
        const lines = asked.text.trim().split('\n');
        const ids = lines.map((line) => (JSON.parse(line) as { readonly id: string }).id);
        turns.push(ids);
        const answers = ids.map((id) =>
          id === 'i2' && turns.length === 1
            ? { status: 503, code: 'not-decided' }
            : { intentId: id, decision: 'allow' },
        );
        return { text: answers.map((answer) => JSON.stringify(answer)).join('\n') };
      },
    });
    const stdin = '{"id":"i1"}\n{"id":"i2"}\n{"id":"i3"}';
    const ran = await runLine(['propose'], { env, stdin });
    expect(ran.exitCode).toBe(0);
    expect(turns).toEqual([['i1', 'i2', 'i3'], ['i2']]);
    const printed = ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).intentId);
    expect(printed).toEqual(['i1', 'i2', 'i3']);
  });

  it('asks again with the same intents while estop is busy', async () => {
    let turn = 0;
    const answer = batch(() => 'allow')['POST /v1/intents/batch'];
    const { env, asked } = await scripted({
      'POST /v1/intents/batch': (one) => {
        turn += 1;
        if (turn === 1 || typeof answer !== 'function') return { status: 503 };
        return answer(one);
      },
    });
    expect((await runLine(['propose'], { env, stdin: '{"id":"i1"}' })).exitCode).toBe(0);
    expect(asked[0]?.text).toBe(asked[1]?.text);
  });
});

describe('estop explain', () => {
  const record = {
    partition: 1,
    offset: 5,
    at: 0,
    events: [{ type: 'IntentDenied', intentId: 'i1', reason: 'halted', message: 'no', rules: [] }],
  };

  it('reads all pages of records and tells their story', async () => {
    const { env, asked } = await scripted({
      'GET /v1/records': (one) =>
        one.url.includes('cursor=next')
          ? { json: { records: [record] } }
          : { json: { records: [], cursor: 'next' } },
    });
    const ran = await runLine(['explain', 'i1', '--agent', 'a'], { env });
    expect(ran.out).toContain('estop denied it at 1970-01-01 00:00:00Z (halted): no');
    expect(asked[0]?.url).toBe('/v1/records?intent=i1&agent=a');
  });

  it('ends with 5 for an intent that nobody asked', async () => {
    const { env } = await scripted({ 'GET /v1/records': { json: { records: [] } } });
    expect((await runLine(['explain', 'i1'], { env })).exitCode).toBe(5);
  });
});

const SHARED_BUDGET = {
  budgetId: 'finance',
  unit: 'calls',
  window: '1h',
  ceiling: 10,
  spent: 3,
  reserved: 2,
  free: 1,
  shared: true,
  inSlices: 4,
};

describe('estop agents, status and lag', () => {
  const agent = {
    id: 'billing-bot',
    allowed: 3,
    denied: 1,
    suspended: true,
    groups: ['finance'],
    budgets: [
      {
        budgetId: 'spend',
        unit: 'microUsd',
        spent: 1_000_000,
        reserved: 0,
        free: 4_000_000,
        ceiling: 5_000_000,
        window: 'day',
      },
    ],
  };

  it('list agents, and show one with what is left to it', async () => {
    const { env } = await scripted({
      'GET /v1/agents': { json: { agents: [agent] } },
      'GET /v1/agents/billing-bot': { json: agent },
    });
    expect((await runLine(['agents'], { env })).out).toMatch(
      /billing-bot +suspended +3 +1 +0 +finance/,
    );
    expect((await runLine(['agents', 'billing-bot'], { env })).out).toMatch(
      /spend +\$1\.00 +\$0\.00 +\$4\.00 +\$5\.00 +day/,
    );
  });

  it('show a breaker that is not closed', async () => {
    const breaker = { mode: 'half-open', passed: 2, cause: 'kill-lifted', explanation: 'over' };
    const tried = { ...agent, suspended: false, breaker };
    const { env } = await scripted({ 'GET /v1/agents/billing-bot': { json: tried } });
    expect((await runLine(['agents', 'billing-bot'], { env })).out).toMatch(
      /billing-bot +breaker half-open\nbreaker half-open, 2 of 5 probes \(kill-lifted\): over\n/,
    );
  });

  it('print an issued key alone on stdout', async () => {
    const { env } = await scripted({
      'POST /v1/agents/a/credentials': { status: 201, json: { id: 'c1', secret: 'estop_x' } },
    });
    expect((await runLine(['agents', 'key', 'a'], { env })).out).toBe('estop_x\n');
  });

  it('revoke a key by its id', async () => {
    const { env, asked } = await scripted({ 'DELETE /v1/agents/a/credentials/c1': { json: {} } });
    const { exitCode, out } = await runLine(['agents', 'revoke', 'a', 'c1'], { env });
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: 'revoked c1 of a\n' });
    expect(asked).toHaveLength(1);
    expect(await runLine(['agents', 'revoke', 'a', 'c2'], { env })).toMatchObject({ exitCode: 5 });
  });

  it('say what is halted and what waits, and end with 3 when it is not ready', async () => {
    const { env } = await scripted({
      'GET /readyz': { status: 503, json: { ok: false } },
      'GET /v1/agents': { json: { agents: [agent] } },
      'GET /v1/halts': { json: { halts: [HALT] } },
      'GET /v1/approvals': { json: { approvals: [APPROVAL] } },
      'GET /v1/fleet': { json: { hash: 'sha256:ab' } },
      'GET /v1/limits': { json: { budgets: [SHARED_BUDGET], rates: [] } },
    });
    const ran = await runLine(['status'], { env });
    expect(ran.exitCode).toBe(3);
    expect(ran.out).toContain('not ready');
    expect(ran.out).toContain('halted   agent billing-bot');
    expect(ran.out).toContain('waiting  1');
    expect(ran.out).toMatch(/finance +3 calls +2 calls +4 calls +1 calls +10 calls +1h/);
  });

  it('show only who is behind', async () => {
    const entry = { group: 'g', topic: 'intents.v1', seconds: 0, status: 'ok' };
    const { env } = await scripted({
      'GET /v1/lag': {
        json: {
          lag: [
            { ...entry, partition: 0, records: 0 },
            { ...entry, partition: 1, records: 7 },
          ],
        },
      },
    });
    const { out } = await runLine(['lag'], { env });
    expect(out.trim().split('\n')).toHaveLength(2);
    expect(out).toMatch(/g +intents\.v1 +1 +7 +0 +ok/);
  });
});
