import { describeEventLogContract } from '../contract/event-log-contract.ts';
import { testTopics } from './open-test-log.ts';

describeEventLogContract('the log on Kafka', async () => {
  const topics = testTopics();
  let log = await topics.open();
  return {
    log,
    async reopen() {
      await log.close();
      log = await topics.open();
      return log;
    },
    dispose: topics.dispose,
  };
});
