/** The shapes that several routes share. A `title` names a component of the OpenAPI document. */
import { NAME_PATTERN, OPAQUE_ID_PATTERN, TOOL_PATTERN } from '@estop/schemas/ids';
import Type, { type TSchema } from 'typebox';
import { DURATION_PATTERN } from '../domain/duration.ts';

const TEXT_MAX = 4_096;
const NAME_MAX = 254;
/** The policy knows no larger ceiling; the codec of the log would refuse 2^53 - 1. */
const AMOUNT_MAX = 4_000_000_000_000_000;

/** An object without unknown members. */
export function strict<Properties extends Record<string, TSchema>>(
  properties: Properties,
  options: {
    readonly title?: string;
    readonly description?: string;
    /** Which members go together; the description says it to people. */
    readonly oneOf?: readonly object[];
  } = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

export const OpaqueId = Type.String({ pattern: OPAQUE_ID_PATTERN.source });
export const Name = Type.String({ pattern: NAME_PATTERN.source });
export const ToolText = Type.String({ minLength: 1, maxLength: 200 });
export const ReasonText = Type.String({ minLength: 1, maxLength: TEXT_MAX });
export const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' });
export const Duration = Type.String({
  pattern: DURATION_PATTERN,
  description: 'A span of time: `250ms`, `30s`, `15m`, `2h`, `7d`.',
});
export const Amount = Type.Integer({ minimum: 0, maximum: AMOUNT_MAX });
export const AmountAboveZero = Type.Integer({ minimum: 1, maximum: AMOUNT_MAX });
/** As far as dates of JavaScript reach. */
const TIME_MS_MAX = 8_640_000_000_000_000;
export const TimeMs = Type.Integer({ description: 'Milliseconds since 1970, UTC.' });
export const GivenTimeMs = Type.Integer({
  minimum: -TIME_MS_MAX,
  maximum: TIME_MS_MAX,
  description: 'Milliseconds since 1970, UTC.',
});
export const Verdict = Type.Union([
  Type.Literal('allow'),
  Type.Literal('deny'),
  Type.Literal('needs-approval'),
]);

const Tier = Type.Union([
  Type.Literal('read'),
  Type.Literal('write'),
  Type.Literal('destructive'),
  Type.Literal('financial'),
]);

export const AgentQuery = Type.Optional(
  Type.String({
    maxLength: NAME_MAX,
    description: 'For operators: the agent it is about. Agents leave it out.',
  }),
);
export const WaitQuery = Type.Optional(
  Type.String({
    pattern: DURATION_PATTERN,
    description: 'How long to wait for a person to decide; at most 60s. Returns early when final.',
  }),
);

export const IdParams = strict({ id: Type.String({ minLength: 1, maxLength: 400 }) });

export const Cost = strict({ tokens: Type.Optional(Amount), microUsd: Type.Optional(Amount) });

export const PointName = Type.String({
  pattern: NAME_PATTERN.source,
  description: 'The enforcement point that will run the call: the permit is good there alone.',
});

export const RecordPosition = strict(
  { partition: Type.Integer(), offset: Type.Integer() },
  { title: 'RecordPosition', description: 'Where in the audit log it is written.' },
);

export const IntentBody = strict(
  {
    id: OpaqueId,
    session: Type.Optional(OpaqueId),
    tool: ToolText,
    arguments: Type.Record(Type.String(), Type.Unknown(), {
      description: 'An object. Of a key that stands twice the last one counts.',
    }),
    reason: Type.Optional(Type.String({ maxLength: TEXT_MAX })),
    task: Type.Optional(Type.String({ maxLength: TEXT_MAX })),
    cost: Type.Optional(Cost),
    provenance: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^(/.*)?$' }),
        Type.Union([Type.Literal('user'), Type.Literal('tool'), Type.Literal('model')]),
        { additionalProperties: false, maxProperties: 1_000 },
      ),
    ),
    undo: Type.Optional(
      strict({ tool: ToolText, arguments: Type.Record(Type.String(), Type.Unknown()) }),
    ),
    agent: Type.Optional(
      Type.String({ maxLength: NAME_MAX, description: 'For operators: in whose place.' }),
    ),
    point: Type.Optional(PointName),
  },
  { title: 'Intent', description: 'What an agent is about to do. `id` is unique per agent.' },
);

export const OutcomeBody = strict(
  {
    status: Type.Union([
      Type.Literal('ok'),
      Type.Literal('error'),
      Type.Literal('cancelled'),
      Type.Literal('unknown'),
    ]),
    cost: Type.Optional(Cost),
    durationMs: Type.Optional(Amount),
    resultDigest: Type.Optional(Digest),
    error: Type.Optional(Type.String({ maxLength: TEXT_MAX })),
    agent: Type.Optional(Type.String({ maxLength: NAME_MAX })),
  },
  { title: 'Outcome', description: 'What became of an allowed intent.' },
);

export const LimitLeft = strict({
  id: Type.String(),
  unit: Type.String(),
  remaining: Type.Integer(),
});

export const Decision = strict(
  {
    intentId: Type.String(),
    decision: Verdict,
    tier: Tier,
    reason: Type.String(),
    message: Type.String({ description: 'One sentence for people.' }),
    rules: Type.Array(Type.String()),
    policy: nullable(Type.String({ description: 'Hash of the fleet that decided.' })),
    at: TimeMs,
    record: RecordPosition,
    permit: Type.Optional(
      Type.String({
        description:
          'A JWT, signed with Ed25519: the right to make this call once, at one enforcement point. ' +
          'Keys: `/v1/enforcement/keys`.',
      }),
    ),
    expiresAt: Type.Optional(
      Type.Integer({ description: 'Until when the permit is good, or an approval waits; ms.' }),
    ),
    holdUntil: Type.Optional(
      Type.Integer({ description: 'Until when amounts are held without an outcome; ms.' }),
    ),
    readAgainMs: Type.Optional(
      Type.Integer({
        description:
          'The same read may be made again for so long, if it is asked for behind it. Only reads that no limit counts.',
      }),
    ),
    approval: Type.Optional(
      strict({ id: Type.String(), digest: Type.String(), expiresAt: TimeMs }),
    ),
    retryAfterMs: Type.Optional(Type.Integer()),
    limits: Type.Optional(Type.Array(LimitLeft)),
  },
  { title: 'Decision', description: 'A decision, provable by its audit record.' },
);

export const Scope = strict(
  {
    fleet: Type.Optional(Type.Literal(true)),
    group: Type.Optional(Name),
    agent: Type.Optional(Name),
    tool: Type.Optional(Type.String({ pattern: TOOL_PATTERN.source })),
  },
  {
    title: 'Scope',
    description: 'One of: fleet, group, agent, tool, or agent and tool.',
    oneOf: [
      { required: ['fleet'], maxProperties: 1 },
      { required: ['group'], maxProperties: 1 },
      { required: ['agent'], properties: { fleet: false, group: false } },
      { required: ['tool'], maxProperties: 1 },
    ],
  },
);

export const HaltMode = Type.Union(
  [Type.Literal('pause'), Type.Literal('drain'), Type.Literal('kill')],
  { description: 'pause denies; drain lets running calls end; kill voids permits.' },
);

const Confirmations = strict(
  {
    points: Type.Integer({ description: 'Enforcement points that could let something through.' }),
    confirmed: Type.Integer(),
    confirmedInMs: nullable(Type.Integer({ description: 'Until the slowest of them had it.' })),
    silent: Type.Integer(),
    fencedInMs: nullable(
      Type.Integer({ description: 'Until the lease of the last silent point is over.' }),
    ),
    byPoint: Type.Array(
      strict({
        point: Type.String(),
        state: Type.Union([
          Type.Literal('confirmed'),
          Type.Literal('fenced'),
          Type.Literal('silent'),
        ]),
        ms: Type.Integer({
          description: 'Until it confirmed or was fenced; of a silent one, until it will be.',
        }),
      }),
    ),
  },
  {
    title: 'Confirmations',
    description:
      'As of now, of the points connected here. Kept for the 64 newest halts, and of all that are not reported yet.',
  },
);

const WORD = {
  id: Type.String(),
  scope: Scope,
  mode: HaltMode,
  epoch: Type.Integer({ minimum: 0, maximum: AMOUNT_MAX }),
  by: Type.String(),
  reason: nullable(Type.String()),
  until: nullable(TimeMs),
  lifted: Type.Boolean(),
  at: TimeMs,
};

/** As another gateway says it. */
export const Word = strict(
  {
    ...WORD,
    until: nullable(GivenTimeMs),
    at: GivenTimeMs,
    killers: Type.Array(Type.String()),
  },
  { title: 'Word' },
);

export const Halt = strict(
  {
    ...WORD,
    confirmations: Type.Optional(Confirmations),
  },
  { title: 'Halt' },
);

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() })),
    ),
  },
  { title: 'Problem', description: 'RFC 9457.' },
);
