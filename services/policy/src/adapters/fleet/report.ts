/** What a check finds wrong, with the place and what would be right. */

export interface FleetProblem {
  /** Relative to the fleet folder. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export const FILE_START: Place = { line: 1, column: 1 };

/** More help nobody: the first ones are corrected, then one checks again. */
const PROBLEMS_MAX = 200;

/** Collects the problems and warnings of one fleet. */
export class Report {
  readonly problems: FleetProblem[] = [];
  readonly warnings: FleetProblem[] = [];

  /** The report of one file. */
  in(file: string): FileReport {
    return new FileReport(this, file);
  }

  get ok(): boolean {
    return this.problems.length === 0;
  }
}

export class FileReport {
  readonly file: string;
  readonly #report: Report;

  constructor(report: Report, file: string) {
    this.#report = report;
    this.file = file;
  }

  /** Something that keeps the fleet from being used. */
  problem(place: Place, message: string, hint?: string): void {
    this.#add(this.#report.problems, place, { message, hint });
  }

  /** Something that is probably not meant. */
  warning(place: Place, message: string, hint?: string): void {
    this.#add(this.#report.warnings, place, { message, hint });
  }

  #add(
    list: FleetProblem[],
    { line, column }: Place,
    { message, hint }: { readonly message: string; readonly hint: string | undefined },
  ): void {
    if (list.length >= PROBLEMS_MAX) return;
    const at = { file: this.file, line, column, message };
    list.push(hint === undefined ? at : { ...at, hint });
  }
}
