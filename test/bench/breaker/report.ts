/** What the breaker's benchmark tells: figures asked for beside those measured, and rows of data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Report {
  /** A figure that was asked for; `folds` is its spread over parts of the data. */
  figure(name: string, measured: string, asked: string, folds?: string): void;
  /** What another method comes to on the same data. */
  rival(name: string, measured: string): void;
  /** A file of rows below the output folder, where there is one. */
  rows(path: string, lines: readonly string[]): void;
}

/** Each line of the table is shown as soon as it is known: the last ones take minutes. */
export function createReport(out: string | undefined, show: (line: string) => void): Report {
  const line = (...cells: readonly string[]) => show(`| ${cells.join(' | ')} |`);
  line('figure', 'asked', 'measured', 'over folds');
  line('---', '---', '---', '---');
  return {
    figure: (name, measured, asked, folds = '') => line(name, asked, measured, folds),
    rival: (name, measured) => line(`*${name}*`, '', measured, ''),
    rows: (path, rows) => {
      if (out === undefined) return;
      const file = join(out, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${rows.join('\n')}\n`);
    },
  };
}
