/**
 * Segments found and false alarms: a segment is found by an alarm in it or up to three points
 * after; alarms elsewhere within five points of each other are one episode.
 */
const LATE_POINTS = 3;
const EPISODE_POINTS = 5;

export interface SegmentScore {
  readonly segments: number;
  readonly found: number;
  readonly falseEpisodes: number;
  readonly points: number;
}

export function scoreSegments(
  points: number,
  segments: readonly (readonly [number, number])[],
  alarms: readonly number[],
): SegmentScore {
  const isHit =
    (alarm: number) =>
    ([from, to]: readonly [number, number]) =>
      alarm >= from && alarm <= to + LATE_POINTS;
  const found = segments.filter((segment) => alarms.some((alarm) => isHit(alarm)(segment)));
  const stray = alarms.filter((alarm) => !segments.some(isHit(alarm)));
  const episodes = stray.filter(
    (alarm, at) => alarm - (stray[at - 1] ?? -Infinity) > EPISODE_POINTS,
  );
  return { segments: segments.length, found: found.length, falseEpisodes: episodes.length, points };
}

export function recallOf(scores: readonly SegmentScore[]): number {
  return sumOf(scores, 'found') / sumOf(scores, 'segments');
}

export function falseAlarmsPerThousand(scores: readonly SegmentScore[]): number {
  return (1_000 * sumOf(scores, 'falseEpisodes')) / sumOf(scores, 'points');
}

function sumOf(scores: readonly SegmentScore[], field: keyof SegmentScore): number {
  return scores.reduce((sum, score) => sum + score[field], 0);
}
