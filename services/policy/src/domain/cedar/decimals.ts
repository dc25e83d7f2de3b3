/** The decimal extension: four places, exact over i64. */
import {
  type CedarValue,
  DecimalValue,
  EvaluationFailure,
  longIfI64,
  typeFailure,
} from './values.ts';

/** Decimal places Cedar keeps. */
export const DECIMAL_PLACES = 4;

/** The decimal a text says, such as `-12.5`, or undefined when it says none that fits i64. */
export function parseDecimal(text: string): DecimalValue | undefined {
  const match = /^(-?)0*(\d{1,19})\.(\d{1,4})$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, fraction] = match;
  const digits = BigInt(`${whole}${fraction?.padEnd(DECIMAL_PLACES, '0')}`);
  const scaled = longIfI64(sign === '-' ? -digits : digits);
  return scaled === undefined ? undefined : new DecimalValue(scaled);
}

/** The text of a decimal, as Cedar reads it. */
export function decimalText({ scaled }: DecimalValue): string {
  const digits = String(scaled)
    .replace('-', '')
    .padStart(DECIMAL_PLACES + 1, '0');
  const sign = scaled < 0 ? '-' : '';
  return `${sign}${digits.slice(0, -DECIMAL_PLACES)}.${digits.slice(-DECIMAL_PLACES)}`;
}

/** `decimal("1.5")` */
export function decimalOf(value: CedarValue): DecimalValue {
  if (typeof value !== 'string') throw typeFailure('string', value);
  const decimal = parseDecimal(value);
  if (decimal === undefined) throw new EvaluationFailure(`\`${value}\` is not a decimal`);
  return decimal;
}

export function asDecimal(value: CedarValue): DecimalValue {
  if (value instanceof DecimalValue) return value;
  throw typeFailure('decimal', value);
}
