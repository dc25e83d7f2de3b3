/**
 * The story of one intent in plain sentences, told from its audit records and nothing else, so that
 * what a person reads is what the log proves.
 */
import { formatSpan, formatTime } from './amounts.ts';
import { type Fields, numberIn, objectIn, objectsIn, textIn, textsIn } from './fields.ts';
import { plain } from './paint.ts';

/** Longest text of an agent that is shown. */
const SHOWN_CHARS_MAX = 2_000;

/** The sentences, one per line. `records` in log order; other intents' events are left out. */
export function explainIntent(intentId: string, records: readonly Fields[]): readonly string[] {
  const lines: string[] = [];
  const positions: string[] = [];
  for (const record of records) {
    const events = objectsIn(record, 'events').filter((event) => isAbout(event, intentId));
    if (events.length === 0) continue;
    positions.push(positionOf(record));
    const told = events.flatMap((event) => tell(event, record));
    lines.push(...told);
  }
  if (lines.length === 0) return [];
  const hash = records
    .map((record) => textIn(record, 'policyHash'))
    .findLast((text) => text !== null);
  return [
    ...lines,
    `Written at ${positions.join(', ')} of the audit log, under policy ${hash ?? 'none'}.`,
  ];
}

/** The intent an event is about: named by itself, or by what it holds. */
function isAbout(event: Fields, intentId: string): boolean {
  const type = textIn(event, 'type');
  if (type === 'CommandAccepted' || type === 'BreakerChanged') return true;
  const named =
    textIn(event, 'intentId') ??
    textIn(objectIn(event, 'intent'), 'intentId') ??
    textIn(objectIn(event, 'outcome'), 'intentId');
  return named === intentId;
}

function positionOf(record: Fields): string {
  const nested = objectIn(record, 'record');
  const partition = numberIn(record, 'partition') ?? numberIn(nested, 'partition');
  const offset = numberIn(record, 'offset') ?? numberIn(nested, 'offset');
  return `${partition ?? '?'}/${offset ?? '?'}`;
}

function tell(event: Fields, record: Fields): readonly string[] {
  const at = formatTime(numberIn(record, 'at'));
  switch (textIn(event, 'type')) {
    case 'IntentProposed':
      return tellProposed(event, at);
    case 'IntentAllowed':
      return tellAllowed(event, at);
    case 'IntentDenied':
      return tellDenied(event, at);
    case 'ApprovalRequested':
      return tellApprovalRequested(event, at);
    case 'IntentAwaited':
      return [`It waited for its part of ${limitsOf(event)}, which agents share, at ${at}.`];
    case 'ApprovalVoted':
      return [`${textIn(event, 'person')} voted ${textIn(event, 'vote')} at ${at}.`];
    case 'CommandAccepted':
      return tellReason(event);
    case 'OutcomeRecorded':
      return tellOutcome(event, at);
    case 'BreakerChanged':
      return tellBreaker(event, at);
    case 'HoldExpired':
      return [`No outcome came; what was held counted as spent at ${at}.`, ...settledOf(event)];
    default:
      return [];
  }
}

function tellProposed(event: Fields, at: string): readonly string[] {
  const intent = objectIn(event, 'intent');
  const agent = textIn(intent, 'agentId');
  const by = textIn(intent, 'proposedBy');
  const asked = by === null ? `${agent} asked` : `${by} asked for ${agent}`;
  const tool = textIn(intent, 'tool');
  return [
    `${asked} to call ${tool} (${textIn(event, 'tier')}) at ${at}.`,
    ...detail('why', textIn(intent, 'reason')),
    ...detail('task', textIn(intent, 'task')),
    ...detail('arguments', textIn(intent, 'arguments')),
    ...detail('from tool output only', toolPointersOf(intent)),
    ...detail('aimed at', textsIn(event, 'targets').join(', ')),
    ...detail('digest', textIn(event, 'digest')),
  ];
}

function toolPointersOf(intent: Fields): string {
  const provenance = Object.entries(objectIn(intent, 'provenance'));
  return provenance
    .filter(([, source]) => source === 'tool')
    .map(([pointer]) => pointer)
    .join(', ');
}

function limitsOf(event: Fields): string {
  return objectsIn(event, 'needs')
    .map((need) => textIn(need, 'limitId'))
    .join(', ');
}

function tellAllowed(event: Fields, at: string): readonly string[] {
  return [
    `estop allowed it at ${at} (${textIn(event, 'reason')}).`,
    ...rulesOf(event),
    ...heldOf(event),
    ...objectsIn(event, 'rates').map((rate) => {
      const window = formatSpan(numberIn(rate, 'windowMs') ?? 0);
      return `  counted on rate ${textIn(rate, 'rateId')}, window ${window}`;
    }),
  ];
}

function tellDenied(event: Fields, at: string): readonly string[] {
  const retryAfterMs = numberIn(event, 'retryAfterMs');
  return [
    `estop denied it at ${at} ${becauseOf(event)}`,
    ...rulesOf(event),
    ...detail('worth asking again after', retryAfterMs === null ? null : formatSpan(retryAfterMs)),
  ];
}

function tellApprovalRequested(event: Fields, at: string): readonly string[] {
  const approvers = textsIn(event, 'approvers');
  const quorum = numberIn(event, 'quorum') ?? 1;
  const who = approvers.length === 0 ? 'any approver' : approvers.join(', ');
  const votes = quorum === 1 ? 'one vote' : `${quorum} votes`;
  return [
    `estop asked for approval at ${at} ${becauseOf(event)}`,
    ...rulesOf(event),
    `  who may say yes: ${who}; ${votes}, until ${formatTime(numberIn(event, 'expiresAt'))}`,
    ...heldOf(event),
  ];
}

function tellReason(event: Fields): readonly string[] {
  const reason = textIn(event, 'reason');
  return reason === null ? [] : [`${textIn(event, 'by')} gave the reason: ${shown(reason)}`];
}

function tellOutcome(event: Fields, at: string): readonly string[] {
  const outcome = objectIn(event, 'outcome');
  const durationMs = numberIn(outcome, 'durationMs');
  const by = textIn(outcome, 'reportedBy');
  const took = durationMs === null ? '' : ` after ${formatSpan(durationMs)}`;
  return [
    `The outcome was ${textIn(outcome, 'status')}${took}, reported by ${by} at ${at}.`,
    ...detail('error', textIn(outcome, 'error')),
    ...settledOf(event),
  ];
}

function tellBreaker(event: Fields, at: string): readonly string[] {
  const turn = `from ${textIn(event, 'from')} to ${textIn(event, 'to')}`;
  const why = `(${textIn(event, 'cause')}): ${shown(textIn(event, 'explanation') ?? '')}`;
  const until = numberIn(event, 'until');
  return [
    `The agent's breaker went ${turn} at ${at} ${why}`,
    ...detail('until', until === null ? null : formatTime(until)),
    ...detail('signal', textIn(event, 'signal')),
    ...detail('evidence', textIn(event, 'evidence')),
  ];
}

function becauseOf(event: Fields): string {
  return `(${textIn(event, 'reason')}): ${shown(textIn(event, 'message') ?? '')}`;
}

function rulesOf(event: Fields): readonly string[] {
  return detail('rules', textsIn(event, 'rules').join(', '));
}

function heldOf(event: Fields): readonly string[] {
  return objectsIn(event, 'held')
    .filter((use) => numberIn(use, 'amount') !== 0)
    .map((use) => `  held ${numberIn(use, 'amount')} on budget ${textIn(use, 'budgetId')}`);
}

function settledOf(event: Fields): readonly string[] {
  return objectsIn(event, 'settled').map((one) => {
    const overrun = numberIn(one, 'overrun') ?? 0;
    const over = overrun > 0 ? `, ${overrun} over the ceiling` : '';
    const amounts = `spent ${numberIn(one, 'spent')} of ${numberIn(one, 'reserved')} held`;
    return `  ${amounts} on budget ${textIn(one, 'budgetId')}${over}`;
  });
}

function detail(name: string, text: string | null): readonly string[] {
  return text === null || text === '' ? [] : [`  ${name}: ${shown(text)}`];
}

function shown(text: string): string {
  const safe = plain(text);
  return safe.length > SHOWN_CHARS_MAX ? `${safe.slice(0, SHOWN_CHARS_MAX)}…` : safe;
}
