import { createMemoryLogger } from '@estop/runtime/logger';
import { createTestClock } from '@estop/runtime/test-clock';
import { describe, expect, it } from 'vitest';
import { createClientLog } from '../src/serve/client-log.ts';

const GONE = { level: 'error', message: 'a broker is gone', details: { broker: 2 } } as const;

describe('the log of the client of Kafka', () => {
  it('says the same words once, and after a while how often they came', () => {
    const clock = createTestClock();
    const { logger, lines } = createMemoryLogger();
    const tell = createClientLog(logger, clock);
    for (let count = 0; count < 30; count += 1) tell(GONE);
    tell({ ...GONE, level: 'warn', message: 'another thing' });
    clock.advance(10_000);
    tell(GONE);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'error', msg: 'a broker is gone', broker: 2 },
      { level: 'warn', msg: 'another thing' },
      { level: 'error', msg: 'a broker is gone', broker: 2, unsaid: 29 },
    ]);
  });

  it('keeps the number of words that it remembers within a bound', () => {
    const { logger, lines } = createMemoryLogger();
    const tell = createClientLog(logger, createTestClock());
    for (let count = 0; count < 101; count += 1) tell({ ...GONE, message: `words ${count}` });
    tell({ ...GONE, message: 'words 100' });
    tell({ ...GONE, message: 'words 0' });
    expect(lines).toHaveLength(102);
  });
});
