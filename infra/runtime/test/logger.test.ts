import { describe, expect, it } from 'vitest';
import { createMemoryLogger } from '../src/logger.ts';

const API_KEY = `estop_abcdefghij12_${'s'.repeat(43)}`;

function logged(write: (logger: ReturnType<typeof createMemoryLogger>['logger']) => void): string {
  const { logger, lines } = createMemoryLogger();
  write(logger);
  expect(lines).toHaveLength(1);
  expect(() => JSON.parse(lines[0] ?? '')).not.toThrow();
  return lines[0] ?? '';
}

describe('the logger', () => {
  it('writes one JSON line with level, service and time', () => {
    const line = logged((logger) => logger.info({ partition: 3 }, 'caught up'));
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      service: 'test',
      partition: 3,
      msg: 'caught up',
    });
    expect(Date.parse(JSON.parse(line).time)).not.toBeNaN();
  });

  it.each([
    ['an API key in a message', (l) => l.info(`refused ${API_KEY}`)],
    ['an API key in a field', (l) => l.info({ presented: API_KEY })],
    ['an API key in a child logger', (l) => l.child({ caller: API_KEY }).info('x')],
    ['an API key in an error', (l) => l.error(new Error(`bad key ${API_KEY}`))],
    ['an API key deep inside', (l) => l.info({ a: { b: [{ c: `Bearer ${API_KEY}` }] } })],
  ] as [string, Parameters<typeof logged>[0]][])('never shows %s', (_, write) => {
    const line = logged(write);
    expect(line).not.toContain('sss');
    expect(line).toContain('[redacted]');
  });

  it.each([
    { headers: { authorization: 'Basic dXNlcjpvcGVu' } },
    { headers: { cookie: ['open=sesame', 'b=dXNlcjpvcGVu'] } },
    { linkKey: 'dXNlcjpvcGVu' },
    { sasl: { username: 'estop', password: 'say "dXNlcjpvcGVu"' } },
    { KAFKA_SASL_PASSWORD: 'dXNlcjpvcGVu' },
    { clientSecret: 'dXNlcjpvcGVu' },
    { jwt: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.dXNlcjpvcGVu' },
    { pem: '-----BEGIN PRIVATE KEY-----\ndXNlcjpvcGVu\n-----END PRIVATE KEY-----' },
  ])('never shows what a field like %j holds', (fields) => {
    expect(logged((logger) => logger.warn(fields, 'x'))).not.toContain('dXNlcjpvcGVu');
  });

  it('shows what only looks like a secret: keys of records, token counts', () => {
    const line = logged((logger) => logger.info({ key: 'billing-bot', tokens: 'many', cost: 3 }));
    expect(JSON.parse(line)).toMatchObject({ key: 'billing-bot', tokens: 'many', cost: 3 });
  });
});
