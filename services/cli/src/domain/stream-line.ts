/** One event of the live stream as a line for people. */
import { formatClock } from './amounts.ts';
import { type Fields, flagIn, numberIn, objectIn, textIn } from './fields.ts';
import { type Painter, paintDecision, plain } from './paint.ts';
import { describeScope } from './scope.ts';

/** The line for an event; its JSON when the kind is not known here. */
export function formatStreamLine(kind: string, event: Fields, painter: Painter): string {
  const at = painter.dim(formatClock(numberIn(event, 'at')) || '--:--:--');
  const decision = textIn(event, 'decision');
  if (decision !== null) return `${at}  ${formatDecision(decision, event, painter)}`;
  if (kind.startsWith('halt')) {
    const word = flagIn(event, 'lifted') ? painter.good('lifted') : painter.bad('halted');
    const by = textIn(event, 'by');
    return `${at}  ${word}  ${describeScope(objectIn(event, 'scope'))}${by === null ? '' : ` by ${by}`}`;
  }
  return `${at}  ${kind}  ${plain(JSON.stringify(event))}`;
}

function formatDecision(decision: string, event: Fields, painter: Painter): string {
  const agent = textIn(event, 'agentId') ?? textIn(event, 'agent') ?? '';
  const words = [
    paintDecision(painter, decision) + ' '.repeat(Math.max(14 - decision.length, 0)),
    agent.padEnd(16),
    (textIn(event, 'tool') ?? '').padEnd(18),
    textIn(event, 'reason') ?? '',
  ];
  const message = decision === 'allow' ? '' : plain(textIn(event, 'message') ?? '');
  const id = painter.dim(textIn(event, 'intentId') ?? '');
  return `${words.join(' ')} ${message ? `${message} ` : ''}${id}`.trimEnd();
}
