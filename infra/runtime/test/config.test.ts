import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';

describe('readConfig', () => {
  it('reads the named variables and no others', () => {
    const config = readConfig(['ESTOP_PORT', 'ESTOP_DATA'], { ESTOP_PORT: '1', ESTOP_KEY: 'x y' });
    expect(config).toEqual({ ESTOP_PORT: 1, ESTOP_DATA: '.estop' });
  });

  it('refuses half of a group that belongs together', () => {
    const names = ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;
    expect(() => readConfig(names, { KAFKA_SASL_USERNAME: 'estop' })).toThrow(
      'KAFKA_SASL_USERNAME is set without KAFKA_SASL_MECHANISM and KAFKA_SASL_PASSWORD',
    );
    expect(readConfig(names, {}).KAFKA_SASL_USERNAME).toBeNull();
  });

  it('does not judge a group of which it read only a part', () => {
    const environment = { KAFKA_SASL_USERNAME: 'estop' };
    expect(readConfig(['KAFKA_SASL_USERNAME'], environment).KAFKA_SASL_USERNAME).toBe('estop');
  });
});
