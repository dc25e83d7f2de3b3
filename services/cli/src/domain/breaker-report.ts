/** What was found of an agent and the numbers behind it, in lines for a terminal. */
import { formatDollars, formatSpan } from './amounts.ts';
import { type Fields, flagIn, numberIn, objectIn, objectsIn, textIn } from './fields.ts';
import { plain } from './paint.ts';

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The finding, what it rests on, and what was ordered; none when nothing was found. */
export function findingLines(finding: Fields): readonly string[] {
  const sentence = textIn(finding, 'sentence');
  if (sentence === null) return [];
  const { low, high } = boundsOf(objectIn(finding, 'expected'));
  const windowMs = numberIn(finding, 'windowMs') ?? 0;
  const chance = textIn(finding, 'chance');
  const inWindow = windowMs > 0 ? ` in ${formatSpan(windowMs)}` : '';
  const how = chance === null ? 'a rule' : `chance below ${chance}`;
  const calls = objectsIn(finding, 'calls').map((call) => {
    return `${numberIn(call, 'partition')}/${numberIn(call, 'offset')}`;
  });
  return [
    `found     ${plain(sentence)}`,
    `signal    ${textIn(finding, 'signal')} (${textIn(finding, 'rule')}): observed ` +
      `${rounded(numberIn(finding, 'observed') ?? 0)}${inWindow}, expected ${low} to ${high}; ${how}`,
    ...(calls.length === 0 ? [] : [`records   ${calls.join(' ')}`]),
    `followed  ${orderText(finding)}`,
  ];
}

function orderText(finding: Fields): string {
  const order = objectIn(finding, 'order');
  const mode = textIn(order, 'mode');
  if (mode === null) return 'nothing: it was that strict already';
  const opens = numberIn(order, 'opens') ?? 0;
  const proposal = flagIn(order, 'proposesKill')
    ? `; it opened ${opens} times in a day: consider a kill`
    : '';
  return flagIn(finding, 'shadow') ? `nothing (shadow); it would be ${mode}` : `${mode}${proposal}`;
}

/** The last hour and week as bars, and what the hour held. */
export function statisticsLines(statistics: Fields): readonly string[] {
  if (numberIn(statistics, 'asOf') === null) return ['numbers   none yet'];
  const hour = objectIn(statistics, 'lastHour');
  const expected = objectIn(statistics, 'expected');
  const callsOf = (name: string) =>
    objectsIn(statistics, name).map((window) => numberIn(window, 'calls') ?? 0);
  return [
    `minute    ${numberIn(statistics, 'lastMinuteCalls')} calls in the last 60 s; ` +
      `${rounded(numberIn(expected, 'mean') ?? 0)} expected, up to ` +
      `${(numberIn(expected, 'high') ?? 0) - 1} ordinary`,
    `hour      ${bars(callsOf('minutes'))}  ${numberIn(hour, 'calls')} calls, ` +
      `${numberIn(hour, 'errors')} errors, ${numberIn(hour, 'denials')} denials, ` +
      `${formatDollars(numberIn(hour, 'microUsd') ?? 0)}, ${numberIn(hour, 'tokens')} tokens`,
    `week      ${bars(callsOf('hours'))}`,
  ];
}

/** One character a window; the fullest is the highest. */
export function bars(counts: readonly number[]): string {
  const most = Math.max(...counts, 1);
  return counts
    .map((count) => BARS[count === 0 ? 0 : Math.ceil((count / most) * (BARS.length - 1))] ?? '')
    .join('');
}

function boundsOf(expected: Fields): { readonly low: string; readonly high: string } {
  return {
    low: rounded(numberIn(expected, 'low') ?? 0),
    high: rounded(numberIn(expected, 'high') ?? 0),
  };
}

function rounded(amount: number): string {
  return String(Math.round(amount * 100) / 100);
}
