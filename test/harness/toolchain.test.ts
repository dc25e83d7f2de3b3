import { afterEach, describe, expect, it, vi } from 'vitest';
import { findJava, findMaven } from './kafka/toolchain.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the toolchain of the Kafka harness', () => {
  it('says what to install when there is no Java', async () => {
    vi.stubEnv('JAVA_HOME', '/nonexistent');
    await expect(findJava()).rejects.toThrow(/apt-get install -y openjdk-17-jre-headless maven/);
  });

  it('says what to install when there is no Maven', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    await expect(findMaven()).rejects.toThrow(/mvn cannot be run.*brew install/s);
  });
});
