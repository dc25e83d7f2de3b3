/** Something that must never be: an invariant of DESIGN §11, or a decision the model does not share. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.name = 'Violation';
    this.rule = rule;
  }
}

export function must(condition: boolean, rule: string, detail: () => string): asserts condition {
  if (!condition) throw new Violation(rule, detail());
}
