/** What enforcement points have said to a halt, in one line for people. */
import { formatSpan } from './amounts.ts';
import { type Fields, numberIn, objectIn, objectsIn, textIn } from './fields.ts';

/** Silent points that are named; of more only the number is told. */
const NAMED_MAX = 5;

export interface Confirmed {
  /** Whether every point that could let something through has confirmed. */
  readonly isWhole: boolean;
  readonly text: string;
}

/** `41 of 43 confirmed in 38 ms, 2 silent, fenced by lease in 2 s: a, b`. */
export function confirmedBy(halt: Fields): Confirmed {
  const confirmations = objectIn(halt, 'confirmations');
  const points = numberIn(confirmations, 'points') ?? 0;
  if (points === 0) return { isWhole: true, text: 'no enforcement point is connected' };
  const confirmed = numberIn(confirmations, 'confirmed') ?? 0;
  const silent = numberIn(confirmations, 'silent') ?? 0;
  const fenced = points - confirmed - silent;
  const tookMs = numberIn(confirmations, 'confirmedInMs');
  const untilMs = numberIn(confirmations, 'fencedInMs') ?? 0;
  const parts = [
    `${confirmed} of ${points} confirmed${tookMs === null ? '' : ` in ${formatSpan(tookMs)}`}`,
    ...(fenced === 0 ? [] : [`${fenced} fenced by lease`]),
    ...(silent === 0 ? [] : [`${silent} silent, fenced by lease in ${formatSpan(untilMs)}`]),
  ];
  return { isWhole: confirmed === points, text: parts.join(', ') + namesOf(confirmations) };
}

function namesOf(confirmations: Fields): string {
  const silent = objectsIn(confirmations, 'byPoint').flatMap((one) => {
    const point = textIn(one, 'point');
    return textIn(one, 'state') === 'silent' && point !== null ? [point] : [];
  });
  if (silent.length === 0) return '';
  const more = silent.length > NAMED_MAX ? ` and ${silent.length - NAMED_MAX} more` : '';
  return `: ${silent.slice(0, NAMED_MAX).join(', ')}${more}`;
}
