import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

// The suite that needs a real Kafka. One cluster serves all files, so one file runs at a time.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['{schemas,infra/*,services/*}/**/*.kafka.test.ts', 'test/**/*.kafka.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['test/harness/temp-folder.ts', 'test/harness/kafka/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    maxWorkers: 1,
  },
});
