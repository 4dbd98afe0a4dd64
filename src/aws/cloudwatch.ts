import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { HostError } from '../errors/index.ts';
import type { sdk } from './cloudwatch-sdk.ts';
import { clientConfig, type Ec2Options } from './sdk-client.ts';

/** One figure at one time. */
export interface MetricDatum {
  readonly name: string;
  readonly value: number;
  readonly unit: 'Count' | 'Milliseconds';
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** Takes figures of this node. */
export interface CloudWatch {
  /** Sends up to 1000 figures in one request. Throws `CLOUDWATCH_FAILED`. */
  put(data: readonly MetricDatum[], about: { readonly namespace: string; readonly cluster: string }): Promise<void>;
  /** Ends a request under way. */
  close(): void;
}

/** CloudWatch of one region, through the AWS SDK, which is loaded at the first request. */
export function connectCloudWatch(options: Omit<Ec2Options, 'told'>): CloudWatch {
  let opened: Promise<{ readonly client: CloudWatchClient; readonly sdk: typeof sdk }> | undefined;
  const open = async () => {
    const loaded = await import('./cloudwatch-sdk.ts');
    return { sdk: loaded.sdk, client: new loaded.sdk.CloudWatchClient(await clientConfig(options)) };
  };
  return {
    put: async (data, { namespace, cluster }) => {
      opened ??= open();
      try {
        const { client, sdk: loaded } = await opened;
        const MetricData = data.map(({ name, value, unit, atMs }) => ({
          MetricName: name,
          Value: value,
          Unit: unit,
          Timestamp: new Date(atMs),
          Dimensions: [{ Name: 'CLUSTER_ID', Value: cluster }],
        }));
        await client.send(new loaded.PutMetricDataCommand({ Namespace: namespace, MetricData }));
      } catch (error) {
        const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
        throw new HostError('CLOUDWATCH_FAILED', { awsCode: name, reason: message }, error);
      }
    },
    close: () => void opened?.then(({ client }) => client.destroy()).catch(() => undefined),
  };
}
