import { describe, it } from 'vitest';
import { BEHAVIOURS } from './behaviours.ts';
import { LOOP_BEHAVIOURS } from './loop-behaviours.ts';
import { PRODUCTION } from './production.ts';

describe('the detectors', () => {
  for (const [title, check] of Object.entries({ ...BEHAVIOURS, ...LOOP_BEHAVIOURS })) {
    it(title, () => {
      check(PRODUCTION);
    });
  }
});
