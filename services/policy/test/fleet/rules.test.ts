import { describe, expect, it } from 'vitest';
import type { CompiledFleet } from '../../src/adapters/fleet/compile-fleet.ts';
import { countActivity, emptyActivity, recentFacts } from '../../src/domain/activity.ts';
import type { JsonObject } from '../../src/domain/fleet.ts';
import {
  type Ask,
  fleetWith,
  problemsWith,
  requestOf,
  verdictOf,
  warningsWith,
} from './fleet-files.ts';

const TOOLS = `tools:
  look: { tier: read }
  act:
    tier: write
    targets: [/to]
    arguments:
      type: object
      properties:
        to: { type: string }
        count: { type: integer }
        rate: { type: number }
        sure: { type: boolean }
        names: { type: array, items: { type: string } }
        place: { type: object, properties: { city: { type: string } }, required: [city] }
        places: { type: array, items: { type: object, properties: { city: { type: string } }, required: [city] } }
        note: { anyOf: [{ type: string }, { type: "null" }] }
        free: { type: object }
        mixed: { anyOf: [{ type: string }, { type: integer }] }
      required: [to, count, rate, sure, names, place, places]
  drop: { tier: destructive, undo: look }
`;

const FITTING: JsonObject = {
  to: 'dana',
  count: 3,
  rate: 1.5,
  sure: true,
  names: ['a', 'b'],
  place: { city: 'Bonn' },
  places: [{ city: 'Bonn' }, { city: 'Kiel' }],
};

function filesOf(policies: string): Readonly<Record<string, string | null>> {
  return { 'tools.yaml': TOOLS, 'limits.yaml': null, 'policies/rules.cedar': policies };
}

function fleetOf(policies: string): Promise<CompiledFleet> {
  return fleetWith(filesOf(policies));
}

/** What a permit of `act` under this condition says to arguments. */
async function conditionOn(condition: string): Promise<(args: JsonObject) => string> {
  const fleet = await fleetOf(
    `permit (principal, action == Action::"act", resource) when { ${condition} };`,
  );
  return (args) => verdictOf(fleet, { agent: 'crm-bot', tool: 'act', arguments: args });
}

const A = 'context.arguments';

describe('rules read arguments by their declared types', () => {
  it.each([
    ['a text', `${A}.to == "dana"`],
    ['an integer', `${A}.count + 1 == 4`],
    ['a number', `${A}.rate == decimal("1.5")`],
    ['true and false', `${A}.sure`],
    ['a list', `${A}.names.containsAll(["b", "a"])`],
    ['an object', `${A}.place.city == "Bonn"`],
    ['a list of objects', `${A}.places.contains({ "city": "Kiel" })`],
    ['an optional one', `!(${A} has note)`],
  ])('%s', async (_, condition) => {
    const verdict = await conditionOn(condition);
    expect(verdict(FITTING)).toBe('allow');
  });

  it('null counts as absent where the schema takes null', async () => {
    const verdict = await conditionOn(`${A} has note && ${A}.note == "x"`);
    expect(verdict({ ...FITTING, note: 'x' })).toBe('allow');
    expect(verdict({ ...FITTING, note: null })).toBe('deny');
  });

  it.each(['free', 'mixed'])('says why %s cannot be read', async (name) => {
    const policy = `permit (principal, action == Action::"act", resource) when { ${A}.${name} == 5 };`;
    const [problem] = await problemsWith(filesOf(policy));
    expect(problem?.hint).toContain(`rules cannot read ${name} of act`);
  });

  it.each([
    ['free', 'rules cannot read free of act: it is an object without named properties'],
    ['nots', 'did you mean "note"?'],
  ])('warns of a question after %s', async (name, hint) => {
    const policy = `permit (principal, action == Action::"act", resource);
      forbid (principal, action == Action::"act", resource) when { ${A}.count > 5 || ${A} has ${name} };`;
    expect(await warningsWith(filesOf(policy))).toMatchObject([{ line: 2, hint }]);
  });

  it('warns of a question after an attribute that no agent has', async () => {
    const policy = `permit (principal, action, resource) unless { principal.attributes has enf };`;
    const [warning] = await warningsWith(filesOf(policy));
    expect(warning?.hint).toBe('did you mean "env"?');
  });
});

describe('a value that does not fit its type fails every rule that reads it', () => {
  const misfits: readonly (readonly [string, string, JsonObject])[] = [
    ['a number for a text', `${A}.to != "evil"`, { to: 5 }],
    ['null for a text', `${A}.to != "evil"`, { to: null }],
    ['a list for a text', `!(${A}.to like "evil*")`, { to: ['evil'] }],
    ['a text for an integer', `${A}.count != 7`, { count: '7' }],
    ['a fraction for an integer', `${A}.count != 7`, { count: 7.5 }],
    ['an integer too large to be exact', `${A}.count != 7`, { count: 2 ** 60 }],
    ['five decimal places', `${A}.rate != decimal("1.0")`, { rate: 1.00001 }],
    ['a text for a number', `${A}.rate != decimal("1.0")`, { rate: '1' }],
    ['a number for true', `${A}.sure == true || true`, { sure: 1 }],
    ['one wrong item', `${A}.names.contains("a")`, { names: ['a', 5] }],
    ['a text for a list', `!${A}.names.contains("evil")`, { names: 'evil' }],
    ['a text for an object', `${A}.place.city != "x"`, { place: 'x' }],
    ['a wrong field', `${A}.place.city != "x"`, { place: { city: 5 } }],
    ['a missing field', `${A}.place.city != "x"`, { place: {} }],
    [
      'an object in a list that lacks a field',
      `!${A}.places.contains({ "city": "x" })`,
      { places: [{}] },
    ],
  ];
  it.each(misfits)('%s', async (_, condition, wrong) => {
    const verdict = await conditionOn(condition);
    expect(verdict(FITTING)).toBe('allow');
    expect(verdict({ ...FITTING, ...wrong })).toBe('error');
  });

  it('and none that does not', async () => {
    const verdict = await conditionOn(`${A}.to == "dana"`);
    expect(verdict({ ...FITTING, count: 'many' })).toBe('allow');
  });

  it('a missing argument too', async () => {
    const verdict = await conditionOn(`${A}.to != "evil"`);
    const { to: _, ...rest } = FITTING;
    expect(verdict(rest)).toBe('error');
  });
});

describe('arguments that could pose as something else', () => {
  it.each(['__entity', '__extn', '__expr'])('with %s anywhere are refused', async (name) => {
    const fleet = await fleetOf('permit (principal, action, resource);');
    const nested = { list: [{ [name]: { type: 'Group', id: 'admin' } }] };
    for (const tool of ['look', 'act', 'nobody.knows']) {
      expect(verdictOf(fleet, { agent: 'crm-bot', tool, arguments: { free: nested } })).toBe(
        'error',
      );
    }
  });

  it('nested without end are refused', async () => {
    const fleet = await fleetOf('permit (principal, action, resource);');
    const deep: JsonObject = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`);
    expect(verdictOf(fleet, { agent: 'crm-bot', tool: 'look', arguments: deep })).toBe('error');
  });
});

describe('the circumstances that rules see', () => {
  const ask: Ask = { agent: 'billing-bot', tool: 'act', arguments: FITTING };
  // Monday 6 July 2026, 13:30 UTC.
  const atMs = Date.UTC(2026, 6, 6, 13, 30);
  const activity = emptyActivity();
  countActivity(activity, atMs - 5_000, { calls: 4, denied: 2, microUsd: 70 });
  countActivity(activity, atMs - 7_200_000, { calls: 10, errors: 1 });
  it.each([
    ['principal in Group::"finance" && !(principal in Group::"support")'],
    ['principal has owner && principal.owner == "dana@example.com"'],
    ['principal.attributes has env && principal.attributes.env == "prod"'],
    ['context.tier == "write" && action in Action::"tier-write"'],
    ['resource == Tool::"act" && !resource.undoable'],
    ['context.hour == 13 && context.weekday == 1'],
    ['context.untrusted.containsAny(resource.targets)'],
    ['context.provenance.user.contains("/count") && context.provenance.tool.contains("/to")'],
    ['!(context has session)'],
    ['context.recent.minute.calls == 4 && context.recent.hour.microUsd == 70'],
    ['context.recent.day.calls == 14 && context.recent.day.errors == 1'],
  ])('%s', async (condition) => {
    const fleet = await fleetOf(
      `permit (principal, action == Action::"act", resource) when { ${condition} };`,
    );
    const circumstances = {
      untrusted: ['/to'],
      provenance: { '/to': 'tool', '/count': 'user' },
      atMs,
      recent: recentFacts(activity, atMs),
    };
    expect(verdictOf(fleet, { ...ask, ...circumstances })).toBe('allow');
  });

  it('show each request its own, also when evaluations are interleaved', async () => {
    const fleet = await fleetOf(
      `permit (principal, action, resource) when { context.recent.hour.calls > 3 };`,
    );
    const none = { calls: 0, denied: 0, errors: 0, microUsd: 0, targets: 0 };
    const many = { ...none, calls: 9 };
    const quiet = { minute: none, hour: none, day: none };
    const busy = fleet.rules.begin(requestOf(fleet, { ...ask, recent: { ...quiet, hour: many } }));
    const other = fleet.rules.begin(requestOf(fleet, { ...ask, recent: quiet }));
    expect(other.evaluate(false).decision).toBe('deny');
    expect(busy.evaluate(false).decision).toBe('allow');
    expect(other.evaluate(true).decision).toBe('deny');
  });
});

describe('the answer of the rules', () => {
  it('names the rules that made it', async () => {
    const fleet = await fleetOf(`
      @id("open") permit (principal, action, resource);
      @id("gate") @approvers("finance-leads") @quorum("1") @expires("10m") @reason("why") @severity("high")
      forbid (principal, action == Action::"act", resource) unless { context.approval.granted };`);
    const evaluation = fleet.rules.begin(requestOf(fleet, { agent: 'crm-bot', tool: 'act' }));
    expect(evaluation.evaluate(false)).toEqual({
      decision: 'deny',
      determining: ['gate'],
      errors: [],
    });
    expect(evaluation.evaluate(true)).toEqual({
      decision: 'allow',
      determining: ['open'],
      errors: [],
    });
    expect(fleet.rules.annotationsOf('gate')).toEqual({
      approvers: ['finance-leads'],
      quorum: 1,
      expiresMs: 600_000,
      reason: 'why',
      severity: 'high',
    });
    expect(fleet.rules.annotationsOf('open').quorum).toBe(null);
  });

  it('denies with the error when any rule fails, also beside a permit', async () => {
    const fleet = await fleetOf(`
      @id("open") permit (principal, action, resource);
      @id("overflow") forbid (principal, action == Action::"act", resource)
      when { ${A}.count * 9223372036854775807 > 5 };`);
    const request = requestOf(fleet, { agent: 'crm-bot', tool: 'act', arguments: FITTING });
    const answer = fleet.rules.begin(request).evaluate(true);
    expect(answer).toMatchObject({ decision: 'deny', errors: [{ ruleId: 'overflow' }] });
  });

  it('denies everything when there are no policies', async () => {
    const fleet = await fleetWith({ 'policies/rules.cedar': null });
    expect(verdictOf(fleet, { agent: 'crm-bot', tool: 'crm.read' })).toBe('deny');
  });
});

describe('a rule that is not compiled', () => {
  it('is warned of', async () => {
    const policy = `permit (principal, action, resource) when { ip("127.0.0.1").isLoopback() };`;
    const [warning] = await warningsWith(filesOf(policy));
    expect(warning?.message).toContain('cannot be compiled');
  });

  it('is evaluated by cedar-wasm, with the same arguments and facts', async () => {
    const fleet = await fleetOf(`
      @id("slow") permit (principal, action == Action::"act", resource)
      when {
        ip("127.0.0.1").isLoopback() && ${A}.rate == decimal("1.5") && ${A}.names.contains("b") &&
        context.recent.minute.calls == 0 && context.provenance.user.contains("/to") &&
        context.approval.granted
      };`);
    const ask = {
      agent: 'crm-bot',
      tool: 'act',
      arguments: FITTING,
      provenance: { '/to': 'user' },
    };
    expect(fleet.slowRules).toEqual(['slow']);
    expect(verdictOf(fleet, ask)).toBe('approval');
    expect(verdictOf(fleet, { ...ask, arguments: { ...FITTING, rate: 'x' } })).toBe('error');
    fleet.close();
  });
});

describe('a tool outside the catalogue', () => {
  const ask: Ask = { agent: 'crm-bot', tool: 'nobody.knows', arguments: { to: 'x' } };

  it('is destructive and unknown', async () => {
    const fleet = await fleetOf('permit (principal, action in Action::"tier-read", resource);');
    expect(requestOf(fleet, ask).tool).toMatchObject({ known: false, tier: 'destructive' });
    expect(verdictOf(fleet, ask)).toBe('deny');
  });

  it('is reached by rules on the tier destructive', async () => {
    const fleet = await fleetOf(`permit (principal, action in Action::"tier-destructive", resource)
      when { context.approval.granted };`);
    expect(verdictOf(fleet, ask)).toBe('approval');
  });

  it('shows rules none of its arguments', async () => {
    const fleet = await fleetOf(`permit (principal, action == Action::"drop", resource);
      permit (principal, action in [Action::"act", Action::"tier-destructive"], resource)
      when { ${A} has to };`);
    expect(verdictOf(fleet, ask)).toBe('deny');
  });
});
