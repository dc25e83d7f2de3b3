/** What a run was, in a table: how often each fault, and how soon it was noticed and overcome. */
import type { Judgement } from './checker/check.ts';
import type { Sign } from './faults/fault.ts';

/** One fault as it went. */
export interface FaultRecord {
  readonly kind: string;
  readonly on: string;
  readonly sign: Sign;
  readonly beganMs: number;
  /** When it was there: a process that joins has to start first. */
  readonly injectedMs: number;
  readonly healedMs: number;
  /** When every agent was answered again; null: never, within the patience of the run. */
  readonly recoveredMs: number | null;
  /** When somebody noticed; null: nobody had to, or did. */
  readonly noticedMs: number | null;
}

export interface KindReport {
  readonly kind: string;
  readonly faults: number;
  readonly detectionMs: Spread | null;
  readonly takeoverMs: Spread | null;
}

interface Spread {
  readonly p50: number;
  readonly worst: number;
}

export function reportKinds(faults: readonly FaultRecord[]): readonly KindReport[] {
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort();
  return kinds.map((kind) => {
    const own = faults.filter((fault) => fault.kind === kind);
    return {
      kind,
      faults: own.length,
      detectionMs: spreadOf(own, ({ noticedMs }) => noticedMs),
      takeoverMs: spreadOf(own, ({ recoveredMs }) => recoveredMs),
    };
  });
}

function spreadOf(
  faults: readonly FaultRecord[],
  timeOf: (fault: FaultRecord) => number | null,
): Spread | null {
  const times = faults
    .flatMap((fault) => {
      const time = timeOf(fault);
      return time === null ? [] : [Math.max(0, time - fault.injectedMs)];
    })
    .sort((one, other) => one - other);
  const worst = times.at(-1);
  const p50 = times[Math.floor((times.length - 1) / 2)];
  return worst === undefined || p50 === undefined ? null : { p50, worst };
}

export function renderReport(
  faults: readonly FaultRecord[],
  judgement: Judgement,
  run: { readonly seed: number; readonly seconds: number },
): string {
  const rows = reportKinds(faults).map(({ kind, faults: count, detectionMs, takeoverMs }) => {
    return [kind, String(count), ...cells(detectionMs), ...cells(takeoverMs)];
  });
  const heads = ['fault', 'times', 'noticed p50', 'worst', 'served again p50', 'worst'];
  const { validRecords, voidRecords, finalDecisions, acknowledged, deadLetters } = judgement;
  return [
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    `${faults.length} faults in ${run.seconds} s, seed ${run.seed}: ${validRecords} audit records,`,
    `${voidRecords} void and explained, ${finalDecisions} final decisions,`,
    `${acknowledged} answers acknowledged, ${deadLetters} dead letters,`,
    `${judgement.violations.length} violations.`,
  ].join('\n');
}

function cells(spread: Spread | null): readonly string[] {
  if (spread === null) return ['-', '-'];
  return [spread.p50, spread.worst].map((ms) => `${(ms / 1_000).toFixed(1)} s`);
}
