/** CloudWatch, as far as it takes metrics: what a node publishes is kept, and refused as CloudWatch would. */
export { AWS_ACTIONS, type CloudWatchOptions, createCloudWatchHandler, isCloudWatch } from './handler.ts';
