/** The datetime and duration extensions: milliseconds in i64, days of 24 hours, no leap seconds. */
import { addLongs, divideLong, subtractLongs } from './arithmetic.ts';
import {
  type CedarLong,
  type CedarValue,
  DatetimeValue,
  DurationValue,
  EvaluationFailure,
  longIfI64,
  typeFailure,
} from './values.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(Z|[+-]\d{4})$/;
const DURATION = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
/** The units of the groups of `DURATION`. */
const DURATION_UNITS_MS = [DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, 1];
/** Digits of the largest i64; more of them, zeros in front aside, always overflow. */
const I64_DIGITS_MAX = 19;

/** A date, or a date and time with `Z` or an offset; undefined when there is no such moment. */
export function parseDatetime(text: string): DatetimeValue | undefined {
  const dateMs = parseDate(text.slice(0, 10));
  if (dateMs === undefined) return undefined;
  if (text.length === 10) return new DatetimeValue(dateMs);
  const timeMs = text[10] === 'T' ? parseTime(text.slice(11)) : undefined;
  return timeMs === undefined ? undefined : new DatetimeValue(dateMs + timeMs);
}

/** Such as `-1d12h` or `250ms`: units in falling order; undefined when malformed or beyond i64. */
export function parseDuration(text: string): DurationValue | undefined {
  const match = DURATION.exec(text);
  if (match === null || text === '' || text === '-') return undefined;
  let totalMs = 0n;
  for (const [position, unitMs] of DURATION_UNITS_MS.entries()) {
    const digits = (match[position + 2] ?? '').replace(/^0+/, '');
    if (digits.length > I64_DIGITS_MAX) return undefined;
    totalMs += BigInt(digits) * BigInt(unitMs);
  }
  const durationMs = longIfI64(match[1] === '-' ? -totalMs : totalMs);
  return durationMs === undefined ? undefined : new DurationValue(durationMs);
}

/** `datetime("2024-10-15T11:38:02Z")` */
export function datetimeOf(value: CedarValue): DatetimeValue {
  if (typeof value !== 'string') throw typeFailure('string', value);
  const datetime = parseDatetime(value);
  if (datetime === undefined) throw new EvaluationFailure(`\`${value}\` is not a datetime`);
  return datetime;
}

/** `duration("1h30m")` */
export function durationOf(value: CedarValue): DurationValue {
  if (typeof value !== 'string') throw typeFailure('string', value);
  const duration = parseDuration(value);
  if (duration === undefined) throw new EvaluationFailure(`\`${value}\` is not a duration`);
  return duration;
}

export function offset(moment: CedarValue, span: CedarValue): DatetimeValue {
  return new DatetimeValue(addLongs(epochMsOf(moment), durationMsOf(span)));
}

export function durationSince(moment: CedarValue, earlier: CedarValue): DurationValue {
  return new DurationValue(subtractLongs(epochMsOf(moment), epochMsOf(earlier)));
}

/** The midnight (UTC) at or before a moment. */
export function toDate(moment: CedarValue): DatetimeValue {
  const epochMs = epochMsOf(moment);
  return new DatetimeValue(subtractLongs(epochMs, timeOfDayMs(epochMs)));
}

/** The time since that midnight. */
export function toTime(moment: CedarValue): DurationValue {
  return new DurationValue(timeOfDayMs(epochMsOf(moment)));
}

/** How many whole units a span has, rounded towards zero. */
export function unitsOf(span: CedarValue, unitMs: number): CedarLong {
  return divideLong(durationMsOf(span), unitMs);
}

function timeOfDayMs(epochMs: CedarLong): number {
  const remainder =
    typeof epochMs === 'number' ? epochMs % DAY_MS : Number(epochMs % BigInt(DAY_MS));
  return remainder < 0 ? remainder + DAY_MS : remainder;
}

function epochMsOf(value: CedarValue): CedarLong {
  if (value instanceof DatetimeValue) return value.epochMs;
  throw typeFailure('datetime', value);
}

function durationMsOf(value: CedarValue): CedarLong {
  if (value instanceof DurationValue) return value.durationMs;
  throw typeFailure('duration', value);
}

function parseDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return daysSinceEpoch(year, month, day) * DAY_MS;
}

/** Milliseconds to add to midnight: the time of day, less its offset from UTC. */
function parseTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const zone = match[5] === 'Z' ? '+0000' : String(match[5]);
  const [offsetHours, offsetMinutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3))];
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) {
    return undefined;
  }
  const offsetMs = offsetHours * HOUR_MS + offsetMinutes * MINUTE_MS;
  const timeMs = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + Number(match[4] ?? 0);
  return zone.startsWith('-') ? timeMs + offsetMs : timeMs - offsetMs;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Days from 1970-01-01, counted in years that begin in March so that a leap day comes last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const dayOfMarchYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfMarchYear - DAYS_TO_EPOCH;
}

/** Days from 0000-03-01 to 1970-01-01. */
const DAYS_TO_EPOCH = 719_468;
