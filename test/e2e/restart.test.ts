import { describeRestarts } from './restarts.ts';

describeRestarts('the embedded log', async () => ({}));
