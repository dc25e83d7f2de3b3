/**
 * What a rule sees of a request: `principal`, `resource` and `context` as Cedar values.
 */
import { type CedarEntity, type CedarRecord, EntityUid } from '../cedar/values.ts';
import type { FleetAgent, RecentFacts, RuleRequest, WindowFacts } from '../fleet.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** 1 January 1970 was a Thursday; Sunday is 0. */
const WEEKDAY_OF_EPOCH = 4;

const GRANTED: CedarRecord = { granted: true };
const NOT_GRANTED: CedarRecord = { granted: false };

/** The context, whose approval alone changes between the two evaluations of a request. */
export interface RuleContext extends CedarRecord {
  approval: CedarRecord;
}

export function approvalRecord(granted: boolean): CedarRecord {
  return granted ? GRANTED : NOT_GRANTED;
}

export function agentEntity(agent: FleetAgent): CedarEntity {
  return {
    uid: new EntityUid('Agent', agent.id),
    parents: agent.groups.map((group) => new EntityUid('Group', group)),
    attributes: { owner: agent.owner ?? undefined, attributes: agent.attributes },
  };
}

export function toolEntity(
  name: string,
  attributes: { readonly targets: readonly string[]; readonly undoable: boolean },
): CedarEntity {
  return { uid: new EntityUid('Tool', name), attributes: { ...attributes } };
}

/**
 * The parts of a context that are worked out when a rule reads them. Getters are costly to make, so
 * that one set of them serves all requests: it shows the one that is being evaluated.
 */
export interface LazyParts {
  readonly recent: CedarRecord;
  readonly provenance: CedarRecord;
  /** To be called before each evaluation. */
  show(request: RuleRequest): void;
}

export function createLazyParts(): LazyParts {
  let shown: RuleRequest | undefined;
  const window = (name: keyof RecentFacts): CedarRecord | undefined =>
    shown === undefined ? undefined : windowRecord(shown.recent[name]);
  const pointers = (source: string): readonly string[] | undefined =>
    shown === undefined ? undefined : pointersFrom(source, shown.provenance);
  return {
    recent: {
      get minute() {
        return window('minute');
      },
      get hour() {
        return window('hour');
      },
      get day() {
        return window('day');
      },
    },
    provenance: {
      get user() {
        return pointers('user');
      },
      get tool() {
        return pointers('tool');
      },
      get model() {
        return pointers('model');
      },
    },
    show: (request) => {
      shown = request;
    },
  };
}

/** The context of a request, with the approval absent. */
export function contextOf(
  request: RuleRequest,
  args: CedarRecord,
  { recent, provenance }: LazyParts,
): RuleContext {
  return {
    tier: request.tool.tier,
    arguments: args,
    approval: NOT_GRANTED,
    untrusted: request.untrusted,
    provenance,
    session: request.sessionId ?? undefined,
    hour: Math.floor(request.atMs / HOUR_MS) % 24,
    weekday: (Math.floor(request.atMs / DAY_MS) + WEEKDAY_OF_EPOCH) % 7,
    recent,
  };
}

function windowRecord({ calls, denied, errors, microUsd, targets }: WindowFacts): CedarRecord {
  return { calls, denied, errors, microUsd, targets };
}

function pointersFrom(
  source: string,
  provenance: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.keys(provenance).filter((pointer) => provenance[pointer] === source);
}
