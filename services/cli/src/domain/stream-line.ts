/** One event of the live stream as a line for people. */
import { formatClock } from './amounts.ts';
import { breakerLine } from './breaker-line.ts';
import { type Fields, flagIn, numberIn, objectIn, textIn } from './fields.ts';
import { type Painter, paintDecision, plain } from './paint.ts';
import { describeScope } from './scope.ts';

const VERDICT_CHARS = 'needs-approval'.length;

/**
 * The line for an event; undefined for the counts of an agent, which follow each decision and would
 * say it twice.
 */
export function formatStreamLine(
  kind: string,
  event: Fields,
  painter: Painter,
): string | undefined {
  if (kind === 'agent') return undefined;
  const words = wordsOf(kind, event, painter);
  const atMs = numberIn(event, 'at') ?? numberIn(event, 'since');
  const at = painter.dim(formatClock(atMs) || '--:--:--');
  return `${at}  ${words}`.trimEnd();
}

function wordsOf(kind: string, event: Fields, painter: Painter): string {
  switch (kind) {
    case 'decision':
      return formatDecision(event, painter);
    case 'approval':
      return formatApproval(event, painter);
    case 'halt':
      return formatHalt(event, painter);
    case 'breaker':
      return breakerLine(event, painter);
    case 'alert':
      return painter.bad(`alert  ${plain(textIn(event, 'sentence') ?? '')}`);
    case 'fleet':
      return `fleet ${textIn(event, 'hash')} by ${textIn(event, 'by')}`;
    default:
      return `${kind} ${plain(JSON.stringify(event))}`;
  }
}

function formatDecision(event: Fields, painter: Painter): string {
  const decision = textIn(event, 'decision') ?? '';
  const padding = ' '.repeat(Math.max(VERDICT_CHARS - decision.length, 0));
  const isPlain = decision === 'allow';
  return [
    paintDecision(painter, decision) + padding,
    (textIn(event, 'agent') ?? '').padEnd(14),
    plain(textIn(event, 'tool') ?? '').padEnd(16),
    textIn(event, 'reason') ?? '',
    isPlain ? '' : plain(textIn(event, 'message') ?? ''),
    painter.dim(textIn(event, 'intentId') ?? ''),
  ]
    .filter((word) => word !== '')
    .join('  ');
}

function formatApproval(event: Fields, painter: Painter): string {
  const state = textIn(event, 'state') ?? '';
  const word =
    state === 'approved' ? painter.good : state === 'pending' ? painter.waiting : painter.bad;
  return `approval ${word(state)}  ${textIn(event, 'id')}  ${plain(textIn(event, 'message') ?? '')}`;
}

function formatHalt(event: Fields, painter: Painter): string {
  const word = flagIn(event, 'lifted') ? painter.good('lifted') : painter.bad('halted');
  const whom = describeScope(objectIn(event, 'scope'));
  const by = textIn(event, 'by');
  return `${word}  ${whom}${by === null ? '' : ` by ${by}`}`;
}
