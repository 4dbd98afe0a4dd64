import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';

/** The part of the SDK we use, as in `sdk.ts`. Only `cloudwatch.ts` loads this file, at the first request. */
export const sdk = { CloudWatchClient, PutMetricDataCommand };
