/** Faults planted in copies of the detectors' sources, and the behaviour that each of them breaks. */
export interface Fault {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Title of the behaviour that must fail. */
  readonly breaks: string;
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  'window one second too long': {
    file: 'windows.ts',
    from: 'for (let at = from; at <= second; at += 1)',
    to: 'for (let at = from; at < second; at += 1)',
    breaks: 'a sliding minute holds sixty seconds, no more and no less',
  },
  'learning while open': {
    file: 'advance.ts',
    from: 'const learns = read(state.f64, F64.frozen) === 0;',
    to: 'const learns = true;',
    breaks: 'nothing is learned while the breaker is open',
  },
  'no floor': {
    file: 'detectors/minute-tail.ts',
    from: 'export const FLOOR = 10;',
    to: 'export const FLOOR = 2;',
    breaks: 'nine calls in a minute are too few to harm, however unusual',
  },
  'learning without a cap': {
    file: 'baseline.ts',
    from: 'const capped = Math.min(amount, capOf(state, series, expected));',
    to: 'const capped = amount;',
    breaks: 'an incident cannot teach itself to the baseline',
  },
  'minutes taken for Poisson': {
    file: 'baseline.ts',
    from: 'return { mean, variance: varied + uncertain * square };',
    to: 'return { mean, variance: mean };',
    breaks: 'agents whose minutes vary widely are not taken for anomalies',
  },
  'the fullest minute forgotten': {
    file: 'detectors/minute-tail.ts',
    from: 'return series === CALLS ? Math.min(limit, fullestLimit(state, tail)) : limit;',
    to: 'return limit;',
    breaks: 'bursts of a known size are left alone, and far larger ones are told',
  },
  'no hour of the day': {
    file: 'baseline.ts',
    from: 'const hour = Math.floor(minute / 60) % HOURS_OF_DAY;\n  const seen',
    to: 'const hour = 0;\n  const seen',
    breaks: 'a busy hour of every day is no anomaly',
  },
  'no minute of the hour': {
    file: 'baseline.ts',
    from: 'const calls = level * read(f32, MINUTE_FACTOR + (minute % MINUTES_OF_HOUR));',
    to: 'const calls = level;',
    breaks: 'a batch at every full hour is no anomaly',
  },
  'closed windows opened again': {
    file: 'advance.ts',
    from: 'if (second < read(f64, F64.second)) return false;',
    to: 'if (second < 0) return false;',
    breaks: 'late calls are counted and change no window',
  },
  'shares of a few calls': {
    file: 'detectors/ratio.ts',
    from: 'export const CALLS_MIN = 20;',
    to: 'export const CALLS_MIN = 5;',
    breaks: 'errors say nothing before twenty calls',
  },
  'credit for quiet minutes without end': {
    file: 'detectors/drift.ts',
    from: 'f32[DRIFT + series] = Math.max(sum, 0);',
    to: 'f32[DRIFT + series] = sum;',
    breaks: 'three times the usual calls are told within fifteen minutes',
  },
  'an anchor that follows': {
    file: 'detectors/drift.ts',
    from: 'const ANCHOR_STEP = 0.005;',
    to: 'const ANCHOR_STEP = 0.5;',
    breaks: 'growth of five percent a day is told before it has doubled twice',
  },
  'results not looked at': {
    file: 'detectors/loops.ts',
    from: 'read(u32, LOOP_RESULT + last) === result;',
    to: 'true;',
    breaks: 'the same call with other results is a loop at the sixth time',
  },
  'arguments not looked at': {
    file: 'detectors/loops.ts',
    from: 'return hashDigest(argumentsDigest, hashText(tool, hashText(session)));',
    to: 'return hashText(tool, hashText(session));',
    breaks: 'other arguments begin anew',
  },
  'declared polls not exempt': {
    file: 'detectors/loops.ts',
    from: 'if (isDeclaredPoll(state, sample, call)) return;',
    to: '',
    breaks: 'polling at the declared interval is no loop, polling faster is one',
  },
  'cycles of three and four not seen': {
    file: 'detectors/loops.ts',
    from: 'const CYCLE_MAX = 4;',
    to: 'const CYCLE_MAX = 2;',
    breaks: 'four calls in turn are a loop when they come round a third time',
  },
  'told at every call': {
    file: 'detectors/context.ts',
    from: 'if (told !== 0 && minute - told < minutes) return false;',
    to: '',
    breaks: 'a minute is told of once',
  },
  'minutes that are never emptied': {
    file: 'advance.ts',
    from: 'state.f64[AMOUNT + series] = 0;',
    to: '',
    breaks: 'a quiet agent is left alone',
  },
  'targets counted as often as they are met': {
    file: 'detectors/names.ts',
    from: 'if (noteReached(state, hash)) reached += 1;',
    to: 'reached += 1;',
    breaks: 'a minute that reaches many targets is told',
  },
  'version of the layout not checked': {
    file: 'state/layout.ts',
    from: 'return state.f64[F64.version] === LAYOUT_VERSION ? state : null;',
    to: 'return state;',
    breaks: 'the state comes back from its bytes, and other bytes are refused',
  },
};
