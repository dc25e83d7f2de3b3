/** Breakers in words: how one is now, and when it changes. */
import { formatTime } from './amounts.ts';
import { type Fields, flagIn, numberIn, textIn } from './fields.ts';
import { type Painter, plain } from './paint.ts';

/** `open until 03:00:12 (tripped): the same call 40 times`; undefined: closed, as most are. */
export function describeBreaker(breaker: Fields): string | undefined {
  const mode = textIn(breaker, 'mode') ?? 'closed';
  const isHeld = flagIn(breaker, 'held');
  return mode === 'closed' && !isHeld ? undefined : wordsOf(breaker, mode);
}

function wordsOf(breaker: Fields, mode: string): string {
  const until = numberIn(breaker, 'until');
  const passed = mode === 'half-open' ? `, ${numberIn(breaker, 'passed') ?? 0} of 5 probes` : '';
  const end = until === null ? '' : ` until ${formatTime(until)}`;
  const cause = textIn(breaker, 'cause');
  const why = textIn(breaker, 'explanation');
  const because = cause === null ? '' : ` (${cause})${why === null ? '' : `: ${plain(why)}`}`;
  const held = flagIn(breaker, 'held') && mode !== 'open' ? '; grave calls wait for a re-arm' : '';
  return `${mode}${passed}${end}${because}${held}`;
}

/** An event of the stream: every change of a breaker is one. */
export function breakerLine(event: Fields, painter: Painter): string {
  const mode = textIn(event, 'mode') ?? 'closed';
  const paint = mode === 'closed' ? painter.good : painter.bad;
  const agent = (textIn(event, 'agent') ?? '').padEnd(14);
  return `breaker  ${agent}  ${paint(wordsOf(event, mode))}`;
}
