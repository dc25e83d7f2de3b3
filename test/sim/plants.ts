/**
 * Bugs planted for tests only, each of another kind, that the simulation must find. A plant stands in
 * front of a production function; production code knows nothing of it.
 */
import { decide } from '@estop/policy/domain/decide';
import type { Answer, Input } from '@estop/policy/domain/input';
import { messagesOf } from '@estop/policy/domain/shared/messages';
import type { PartitionState, PendingIntent } from '@estop/policy/domain/state';
import type { AuditRecordEvent, Intent } from '@estop/schemas/messages';
import { type Machinery, PRODUCTION } from './world/machinery.ts';

type Context = Parameters<typeof decide>[0];
type InputOf<Type extends Input['type']> = Extract<Input, { readonly type: Type }>;

/** One machinery for each run: some plants count. */
export const PLANTS: Readonly<Record<string, () => Machinery>> = {
  'skipped reservation': () =>
    deciding((context, input) => skipReservation(decide(context, input))),
  'double settle': () => onOutcome(forgetOutcome),
  'lost slice': () => ({ ...withoutRepeats(), messagesOf: losingGrants() }),
  'slice granted twice': () => onCommand(recountAsk),
  'approval after expiry': () => onCommand(turnBackClock),
  'approval of another digest': () => onCommand(takeAnyDigest),
  'halt applied late': () => ({ ...PRODUCTION, takesControlsFirst: false }),
  'id forgotten': () => onIntent(forgetIntent),
  'wrong window turn': () => onIntent((context) => [{ ...context, atMs: context.atMs - 5_000 }]),
  'stale snapshot used': () => ({ ...PRODUCTION, foldsAfterSnapshot: false }),
  'zombie record accepted': () => ({ ...PRODUCTION, extendsChain: (_, value) => value !== null }),
  'vanished records not noticed': () => ({ ...PRODUCTION, remembersProof: false }),
  'sixth probe': () => deciding(forgetProbe),
  'killed and back closed': () => deciding(forgetKills),
  'projection before proof': () => ({ ...PRODUCTION, releasesAfterProof: false }),
};

/** What the decider is given in the place of a context and an input; nothing: as they are. */
type Changed<Type extends Input['type']> = readonly [] | readonly [Context, InputOf<Type>?];

function deciding(plant: typeof decide): Machinery {
  return { ...PRODUCTION, decide: plant };
}

function onIntent(change: (context: Context, input: InputOf<'intent'>) => Changed<'intent'>) {
  return deciding((context, input) => {
    const [other = context, changed = input] =
      input.type === 'intent' ? change(context, input) : [];
    return decide(other, changed);
  });
}

function onOutcome(change: (context: Context, input: InputOf<'outcome'>) => Changed<'outcome'>) {
  return deciding((context, input) => {
    const [other = context, changed = input] =
      input.type === 'outcome' ? change(context, input) : [];
    return decide(other, changed);
  });
}

function onCommand(change: (context: Context, input: InputOf<'command'>) => Changed<'command'>) {
  return deciding((context, input) => {
    const [other = context, changed = input] =
      input.type === 'command' ? change(context, input) : [];
    return decide(other, changed);
  });
}

function skipReservation(answer: Answer): Answer {
  if (answer.kind !== 'record') return answer;
  const events = answer.events.map((event): AuditRecordEvent => {
    const isChosen = event.type === 'IntentAllowed' && event.intentId.endsWith('7');
    return isChosen ? { ...event, held: [] } : event;
  });
  return { ...answer, events };
}

function forgetOutcome({ state }: Context, { outcome }: InputOf<'outcome'>): Changed<'outcome'> {
  const decided = state.agentById.get(outcome.agentId)?.decidedById.get(outcome.intentId);
  if (decided !== undefined) decided.outcome = null;
  return [];
}

function forgetIntent({ state }: Context, { intent }: InputOf<'intent'>): Changed<'intent'> {
  state.agentById.get(intent.agentId)?.decidedById.delete(intent.intentId);
  return [];
}

/** A half-open breaker counts one probe too few. */
function forgetProbe(context: Context, input: Input): Answer {
  const agent =
    input.type === 'intent' ? context.state.agentById.get(input.intent.agentId) : undefined;
  if (agent === undefined) return decide(context, input);
  const { breaker } = agent;
  agent.breaker = { ...breaker, probes: breaker.probes.slice(1) };
  const answer = decide(context, input);
  agent.breaker = breaker;
  return answer;
}

function forgetKills(context: Context, input: Input): Answer {
  const state = { ...context.state, endedKillByScope: new Map() };
  return decide({ ...context, state }, input);
}

/** Nobody who asks again is answered … */
function withoutRepeats(): Machinery {
  return deciding((context, input) => {
    const answer = decide(context, input);
    return answer.kind === 'tell' ? { kind: 'nothing' } : answer;
  });
}

/** … and every fifth grant stays with the home. */
function losingGrants(): typeof messagesOf {
  let grants = 0;
  return (event) => {
    if (event.type === 'SliceGranted') grants += 1;
    return event.type === 'SliceGranted' && grants % 5 === 0 ? [] : messagesOf(event);
  };
}

function recountAsk({ state }: Context, { command }: InputOf<'command'>): Changed<'command'> {
  const { body } = command;
  if (body.type !== 'RequestSlice') return [];
  const pool = state.poolByLimit.get(`${body.ask.kind}:${body.ask.limitId}`);
  const party = pool?.partyByPartition.get(body.ask.partition);
  if (party !== undefined) party.sequence = Math.min(party.sequence, body.ask.sequence - 1);
  return [];
}

function turnBackClock(context: Context, input: InputOf<'command'>): Changed<'command'> {
  const pending = pendingOf(context.state, input);
  if (pending === undefined) return [];
  return [{ ...context, atMs: Math.min(context.atMs, pending.expiresAt - 1) }];
}

function takeAnyDigest(context: Context, input: InputOf<'command'>): Changed<'command'> {
  const { command } = input;
  const { body } = command;
  const pending = pendingOf(context.state, input);
  if (pending === undefined || body.type !== 'Approve') return [];
  const { digest } = pending.decision;
  return [context, { ...input, command: { ...command, body: { ...body, digest } } }];
}

/** What an approval is about. */
function pendingOf(
  state: PartitionState,
  { command: { subject, body } }: InputOf<'command'>,
): PendingIntent | undefined {
  if (body.type !== 'Approve') return undefined;
  const agentId = subject as string as Intent['agentId'];
  return state.agentById.get(agentId)?.pendingById.get(body.intentId);
}
