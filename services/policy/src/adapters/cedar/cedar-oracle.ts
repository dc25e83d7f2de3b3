/**
 * cedar-wasm itself as the evaluator: for policies outside the compiled subset, and to compare the
 * compiled ones with. A few thousand requests a second. Importing this file loads the wasm module.
 */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { messageOf } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import { uidsEqual } from '../../domain/cedar/equality.ts';
import type { CedarResult, CompileOptions, PolicyFailure } from '../../domain/cedar/policy-set.ts';
import { type CedarRequest, isKnown } from '../../domain/cedar/request.ts';
import { type CedarEntity, EvaluationFailure } from '../../domain/cedar/values.ts';
import { jsonOfEntity, jsonOfRecord } from './cedar-json.ts';

export interface OraclePolicy {
  readonly id: string;
  readonly text: string;
}

export interface CedarOracle {
  /** Same meaning as the compiled evaluation. What cannot be asked is an error, so it denies. */
  readonly evaluate: (request: CedarRequest) => CedarResult;
  /** Gives the memory of the policies back; the oracle must not be asked again. */
  readonly close: () => void;
}

/** cedar-wasm never drops a set it has parsed: sets are replaced under ids that are used again. */
const slotsInUse = new Set<number>();
const SLOTS_MAX = 64;

/** The policies must have passed the check: that they parse is taken for granted. */
export function createCedarOracle(
  policies: readonly OraclePolicy[],
  options: CompileOptions,
): CedarOracle {
  const slot = takeSlot();
  const preparsedPolicySetId = `estop-${slot}`;
  const staticPolicies = Object.fromEntries(policies.map(({ id, text }) => [id, text]));
  const parsed = cedar.preparsePolicySet(preparsedPolicySetId, { staticPolicies });
  if (parsed.type === 'failure') slotsInUse.delete(slot);
  invariant(parsed.type === 'success', 'policies given to the oracle have been checked');
  const rankById = new Map(policies.map(({ id }, rank) => [id, rank]));
  return {
    evaluate(request) {
      try {
        const call = { ...callOf(request, options), preparsedPolicySetId };
        return resultOf(cedar.statefulIsAuthorized(call), rankById);
      } catch (error) {
        // cedar-wasm throws on what it cannot read: numbers out of range, nesting too deep.
        return refused(error instanceof EvaluationFailure ? error.message : messageOf(error));
      }
    },
    close() {
      if (!slotsInUse.delete(slot)) return;
      cedar.preparsePolicySet(preparsedPolicySetId, { staticPolicies: {} });
    },
  };
}

function takeSlot(): number {
  let slot = 0;
  while (slotsInUse.has(slot)) slot += 1;
  invariant(slot < SLOTS_MAX, 'oracles are closed when their policies are replaced');
  slotsInUse.add(slot);
  return slot;
}

type Call = Omit<cedar.StatefulAuthorizationCall, 'preparsedPolicySetId'>;

function callOf(request: CedarRequest, options: CompileOptions): Call {
  const { principal, resource } = request;
  const type = options.actionType ?? 'Action';
  const groups = options.actionGroups.get(request.action) ?? options.unknownActionGroups ?? [];
  const action = { type, id: request.action };
  const entities = [
    ...knownEntities(principal, resource).map(jsonOfEntity),
    { uid: action, attrs: {}, parents: groups.map((id) => ({ type, id })) },
  ];
  return {
    principal: { ...principal.uid },
    action,
    resource: { ...resource.uid },
    context: jsonOfRecord(request.context),
    entities,
  };
}

/** cedar-wasm refuses the same entity twice. */
function knownEntities(principal: CedarEntity, resource: CedarEntity): CedarEntity[] {
  const same = uidsEqual(principal.uid, resource.uid);
  return [principal, resource].filter(
    (entity, position) => isKnown(entity) && (position === 0 || !same || !isKnown(principal)),
  );
}

function resultOf(
  answer: cedar.AuthorizationAnswer,
  rankById: ReadonlyMap<string, number>,
): CedarResult {
  if (answer.type === 'failure') return refused(answer.errors.map((e) => e.message).join('; '));
  const { decision, diagnostics } = answer.response;
  const rank = (id: string): number => rankById.get(id) ?? rankById.size;
  const errors = diagnostics.errors.map(({ policyId, error }) => ({
    policyId,
    message: error.message,
  }));
  return {
    decision,
    determining: diagnostics.reason.sort((a, b) => rank(a) - rank(b)),
    errors: errors.sort((a, b) => rank(a.policyId) - rank(b.policyId)),
  };
}

/** A request that could not be asked at all: an error of no particular policy. */
function refused(message: string): CedarResult {
  const failure: PolicyFailure = { policyId: '', message };
  return { decision: 'deny', determining: [], errors: [failure] };
}
