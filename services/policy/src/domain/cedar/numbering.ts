/** Numbers for EST nodes, so that equal ones are found without comparing or printing them whole. */
import { OutsideSubset } from './est.ts';

/** JSON nested deeper is not numbered: no policy that is compiled comes near it. */
const JSON_DEPTH_MAX = 2_000;

/** Gives equal JSON values (bigints included) equal names. Linear: each object is named once. */
export function createNumbering(): (json: unknown) => string {
  const numberByText = new Map<string, number>();
  const nameByObject = new WeakMap<object, string>();
  const nameOf = (json: unknown, depth: number): string => {
    if (typeof json === 'string') return JSON.stringify(json);
    if (typeof json === 'bigint') return `${json}n`;
    if (typeof json !== 'object' || json === null) return String(json);
    const known = nameByObject.get(json);
    if (known !== undefined) return known;
    if (depth > JSON_DEPTH_MAX) throw new OutsideSubset('the expression is nested too deeply');
    const fields = Object.entries(json).map(
      ([name, value]) => `${JSON.stringify(name)}:${nameOf(value, depth + 1)}`,
    );
    const text = `${Array.isArray(json)}{${fields.join()}}`;
    const number = numberByText.get(text) ?? numberByText.size;
    numberByText.set(text, number);
    const name = `#${number}`;
    nameByObject.set(json, name);
    return name;
  };
  return (json) => nameOf(json, 0);
}
