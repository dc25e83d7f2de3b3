/** Random rules such as an operator writes: scopes of every form, conditions that rarely fail. */
import type { CedarRequest } from '../../src/domain/cedar/request.ts';
import { type CedarValue, DecimalValue, EntityUid } from '../../src/domain/cedar/values.ts';
import type { RandomSource } from './random-source.ts';

const TOOLS = ['crm.read', 'crm.delete', 'payments.send'] as const;

export const RULE_OPTIONS = {
  actionGroups: new Map([
    ['crm.read', ['tier-read']],
    ['crm.delete', ['tier-destructive', 'tier-write']],
    ['payments.send', ['tier-financial']],
  ]),
  unknownActionGroups: ['tier-destructive'],
};

const PRINCIPALS = [
  'principal',
  'principal == Agent::"billing-bot"',
  'principal in Group::"finance"',
  'principal is Agent',
  'principal is Agent in Group::"support"',
  'principal is Robot in Group::"finance"',
] as const;
const ACTIONS = [
  'action',
  'action == Action::"crm.read"',
  'action == Action::"payments.send"',
  'action in Action::"tier-destructive"',
  'action in [Action::"crm.delete", Action::"tier-financial"]',
  'action in [Action::"tier-write", Action::"elsewhere"]',
] as const;
const RESOURCES = [
  'resource',
  'resource',
  'resource == Tool::"crm.delete"',
  'resource is Tool',
  'resource is Folder in Group::"finance"',
] as const;
const CONDITIONS = [
  'context.approval.granted',
  '!context.approval.granted',
  'context.arguments.amountMicroUsd <= 5000000',
  'context.arguments has amountMicroUsd && context.arguments.amountMicroUsd * 3 > 12000000',
  'context.arguments has to.domain && context.arguments.to.domain == "example.com"',
  '["a@example.com", "b@example.com"].contains(context.arguments.recipient)',
  'context.arguments has tags && context.arguments.tags.containsAny(["pii", "secret"])',
  'context.arguments has path && context.arguments.path like "/srv/*.csv"',
  'context.untrusted.contains("/recipient")',
  'context.untrusted.isEmpty()',
  'context.hour >= 22 || context.hour < 6',
  'principal has owner && principal.owner == "dana@example.com"',
  'principal.attributes.env == "prod"',
  'principal in [Group::"finance", Group::"support"]',
  'context.tier == "financial" && context.recent.minute.calls + 1 > 10',
  'context.arguments has price && context.arguments.price.lessThan(decimal("9.99"))',
  'if context.tier == "read" then true else context.approval.granted',
  'action in Action::"tier-destructive" && resource != Tool::"crm.delete"',
] as const;

export function randomRules(random: RandomSource): string {
  return Array.from({ length: 4 + random.below(12) }, () => randomRule(random)).join('\n');
}

function randomRule(random: RandomSource): string {
  const scope = [random.pick(PRINCIPALS), random.pick(ACTIONS), random.pick(RESOURCES)].join(', ');
  const clauses = random.listOf(2, () => {
    const joined = [random.pick(CONDITIONS), random.pick(CONDITIONS)].map((text) => `(${text})`);
    const condition = random.chance(0.5) ? joined[0] : joined.join(random.pick([' && ', ' || ']));
    return ` ${random.pick(['when', 'when', 'unless'])} { ${condition} }`;
  });
  return `${random.pick(['permit', 'permit', 'forbid'])}(${scope})${clauses.join('')};`;
}

/** A request whose approval the caller may change between evaluations. */
export interface ApprovableRequest extends CedarRequest {
  readonly context: { readonly [fact: string]: CedarValue | undefined } & {
    approval: { granted: boolean };
  };
}

export function randomRuleRequest(random: RandomSource): ApprovableRequest {
  const tool = random.pick([...TOOLS, 'never.seen']);
  const groups = ['finance', 'support'].filter(() => random.chance(0.5));
  const calls = random.below(14);
  return {
    principal: {
      uid: new EntityUid('Agent', random.pick(['billing-bot', 'helper-bot'])),
      parents: groups.map((group) => new EntityUid('Group', group)),
      attributes: {
        ...(random.chance(0.9) ? { owner: random.pick(['dana@example.com', 'lee@x.org']) } : {}),
        attributes: { env: random.pick(['prod', 'dev']) },
      },
    },
    action: tool,
    resource: { uid: new EntityUid('Tool', tool) },
    context: {
      approval: { granted: false },
      tier: random.pick(['read', 'destructive', 'financial']),
      arguments: randomArguments(random),
      untrusted: random.listOf(2, () => random.pick(['/recipient', '/path'])),
      hour: random.below(24),
      get recent() {
        return { minute: { calls } };
      },
    },
  };
}

function randomArguments(random: RandomSource): Record<string, CedarValue> {
  const all: Record<string, CedarValue> = {
    amountMicroUsd: random.below(10_000_000),
    recipient: random.pick(['a@example.com', 'mallory@evil.example']),
    to: random.chance(0.5) ? { domain: 'example.com' } : { name: 'nobody' },
    tags: random.listOf(3, () => random.pick(['pii', 'public', 'secret'])),
    path: random.pick(['/srv/a.csv', '/etc/passwd']),
    price: new DecimalValue(random.below(200_000)),
  };
  return Object.fromEntries(Object.entries(all).filter(() => random.chance(0.9)));
}
