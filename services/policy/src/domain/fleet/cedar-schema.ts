/**
 * The Cedar schema of a fleet: what rules may say about its agents, tools and arguments. One
 * action per tool of the catalogue, in the group of its tier. Tools outside the catalogue have no
 * action: no rule can name them, and only rules on the tier `destructive`, or on everything,
 * reach them, with no arguments to look at.
 */
import type { Tier } from '@estop/schemas/messages';
import type { ArgumentType, RecordType } from './argument-type.ts';

export type CedarType =
  | { readonly type: 'String' | 'Long' | 'Boolean' | CommonType }
  | { readonly type: 'Set'; readonly element: CedarType }
  | { readonly type: 'Extension'; readonly name: 'decimal' }
  | CedarRecordType;

export interface CedarRecordType {
  readonly type: 'Record';
  readonly attributes: { readonly [name: string]: CedarAttribute };
}

export type CedarAttribute = CedarType & { readonly required: boolean };

export type CommonType = 'Approval' | 'Provenance' | 'Recent' | 'WindowFacts';

interface EntityTypeSchema {
  readonly memberOfTypes?: string[];
  readonly shape?: CedarRecordType;
}

interface ActionSchema {
  readonly memberOf?: { readonly id: string }[];
  readonly appliesTo?: {
    readonly principalTypes: string[];
    readonly resourceTypes: string[];
    readonly context: CedarRecordType;
  };
}

/** Cedar's JSON schema format, in the empty namespace. */
export interface CedarSchema {
  readonly '': {
    readonly commonTypes: Readonly<Record<CommonType, CedarRecordType>>;
    readonly entityTypes: Readonly<Record<string, EntityTypeSchema>>;
    readonly actions: { readonly [name: string]: ActionSchema };
  };
}

/** What the agents' attributes have in common: the type, and whether every agent has it. */
export interface AttributeType {
  readonly name: string;
  readonly kind: 'string' | 'long' | 'boolean';
  readonly required: boolean;
}

export interface SchemaTool {
  readonly name: string;
  readonly tier: Tier;
  readonly argumentType: RecordType;
}

const TIERS: readonly Tier[] = ['read', 'write', 'destructive', 'financial'];

export function tierAction(tier: Tier): string {
  return `tier-${tier}`;
}

export function cedarSchemaOf(
  tools: readonly SchemaTool[],
  attributes: readonly AttributeType[],
): CedarSchema {
  return {
    '': {
      commonTypes: COMMON_TYPES,
      entityTypes: {
        Group: {},
        Agent: { memberOfTypes: ['Group'], shape: agentShape(attributes) },
        Tool: { shape: record({ targets: required(STRINGS), undoable: required(BOOLEAN) }) },
      },
      actions: Object.fromEntries([
        ...TIERS.map((tier): [string, ActionSchema] => [tierAction(tier), {}]),
        ...tools.map((tool): [string, ActionSchema] => [tool.name, actionOf(tool)]),
      ]),
    },
  };
}

const STRING: CedarType = { type: 'String' };
const LONG: CedarType = { type: 'Long' };
const BOOLEAN: CedarType = { type: 'Boolean' };
const STRINGS: CedarType = { type: 'Set', element: STRING };

const COMMON_TYPES: Readonly<Record<CommonType, CedarRecordType>> = {
  Approval: record({ granted: required(BOOLEAN) }),
  Provenance: record({
    user: required(STRINGS),
    tool: required(STRINGS),
    model: required(STRINGS),
  }),
  WindowFacts: record({
    calls: required(LONG),
    denied: required(LONG),
    errors: required(LONG),
    microUsd: required(LONG),
    targets: required(LONG),
  }),
  Recent: record({
    minute: required({ type: 'WindowFacts' }),
    hour: required({ type: 'WindowFacts' }),
    day: required({ type: 'WindowFacts' }),
  }),
};

function actionOf({ tier, argumentType }: SchemaTool): ActionSchema {
  return {
    memberOf: [{ id: tierAction(tier) }],
    appliesTo: {
      principalTypes: ['Agent'],
      resourceTypes: ['Tool'],
      context: record({
        tier: required(STRING),
        arguments: required(cedarTypeOf(argumentType)),
        approval: required({ type: 'Approval' }),
        untrusted: required(STRINGS),
        provenance: required({ type: 'Provenance' }),
        session: optional(STRING),
        hour: required(LONG),
        weekday: required(LONG),
        recent: required({ type: 'Recent' }),
      }),
    },
  };
}

function agentShape(attributes: readonly AttributeType[]): CedarRecordType {
  const byName = attributes.map(
    ({ name, kind, required: isRequired }): [string, CedarAttribute] => [
      name,
      { ...cedarTypeOf({ kind }), required: isRequired },
    ],
  );
  return record({
    owner: optional(STRING),
    attributes: required(record(Object.fromEntries(byName))),
  });
}

function cedarTypeOf(type: ArgumentType): CedarType {
  switch (type.kind) {
    case 'string':
      return STRING;
    case 'long':
      return LONG;
    case 'boolean':
      return BOOLEAN;
    case 'decimal':
      return { type: 'Extension', name: 'decimal' };
    case 'set':
      return { type: 'Set', element: cedarTypeOf(type.element) };
    case 'record':
      return record(
        Object.fromEntries(
          type.fields.map((field): [string, CedarAttribute] => [
            field.name,
            { ...cedarTypeOf(field.type), required: field.required },
          ]),
        ),
      );
  }
}

function record(attributes: Readonly<Record<string, CedarAttribute>>): CedarRecordType {
  return { type: 'Record', attributes };
}

function required(type: CedarType): CedarAttribute {
  return { ...type, required: true };
}

function optional(type: CedarType): CedarAttribute {
  return { ...type, required: false };
}
