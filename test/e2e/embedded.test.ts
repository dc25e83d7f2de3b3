import { describeScenarios } from './scenarios.ts';

describeScenarios('the embedded log', async () => ({}));
