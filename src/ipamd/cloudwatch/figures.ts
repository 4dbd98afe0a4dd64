import type { MetricDatum } from '../../aws/index.ts';

/** A metric as the registry gives it out. */
export interface Sample {
  readonly name: string;
  readonly values: readonly { readonly value: number; readonly metricName?: string | undefined }[];
}

/**
 * The names in CloudWatch of upstream's helper, and the metrics behind them, which are summed over their labels. A counter is
 * published as what was added since the figure before.
 */
export const PUBLISHED: readonly { readonly name: string; readonly of: string; readonly kind: 'gauge' | 'counter' }[] =
  [
    { name: 'assignIPAddresses', of: 'awscni_assigned_ip_addresses', kind: 'gauge' },
    { name: 'totalIPAddresses', of: 'awscni_total_ip_addresses', kind: 'gauge' },
    { name: 'totalIPv4Prefixes', of: 'awscni_total_ipv4_prefixes', kind: 'gauge' },
    { name: 'totalAssignedIPv4sPerCidr', of: 'awscni_assigned_ip_per_cidr', kind: 'gauge' },
    { name: 'eniAllocated', of: 'awscni_eni_allocated', kind: 'gauge' },
    { name: 'eniMaxAvailable', of: 'awscni_eni_max', kind: 'gauge' },
    { name: 'maxIPAddresses', of: 'awscni_ip_max', kind: 'gauge' },
    { name: 'ipamdActionInProgress', of: 'awscni_ipamd_action_inprogress', kind: 'gauge' },
    { name: 'awsAPIErr', of: 'awscni_aws_api_error_count', kind: 'counter' },
    { name: 'awsUtilErr', of: 'awscni_aws_utils_error_count', kind: 'counter' },
    { name: 'ipamdErr', of: 'awscni_ipamd_error_count', kind: 'counter' },
    { name: 'forceRemoveENI', of: 'awscni_force_removed_enis', kind: 'counter' },
    { name: 'forceRemoveIPs', of: 'awscni_force_removed_ips', kind: 'counter' },
    { name: 'reconcileCount', of: 'awscni_reconcile_count', kind: 'counter' },
    { name: 'addReqCount', of: 'awscni_add_ip_req_count', kind: 'counter' },
    { name: 'delReqCount', of: 'awscni_del_ip_req_count', kind: 'counter' },
    { name: 'podENIErr', of: 'awscni_pod_eni_error_count', kind: 'counter' },
    { name: 'ec2ApiReqCount', of: 'awscni_ec2api_req_count', kind: 'counter' },
    { name: 'ec2ApiErrCount', of: 'awscni_ec2api_error_count', kind: 'counter' },
  ];

/** The time of EC2 requests; upstream's helper asks for a quantile that nobody keeps, and publishes 0. */
export const LATENCY = 'awsAPILatency';

/** The value of each published metric, summed over its labels; one without a sample yet is 0. */
export function totalsOf(samples: readonly Sample[]): ReadonlyMap<string, number> {
  const byName = new Map(samples.map((sample) => [sample.name, sample.values] as const));
  return new Map(
    PUBLISHED.map(({ of }) => [of, (byName.get(of) ?? []).reduce((sum, { value }) => sum + value, 0)] as const),
  );
}

/** The value that 99 of 100 do not exceed, by nearest rank; of none, none. */
export function quantile99(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}

/** The figures of one time: gauges as they are, counters as they grew since `before`. */
export function figuresAt(
  atMs: number,
  read: {
    readonly now: ReadonlyMap<string, number>;
    readonly before: ReadonlyMap<string, number>;
    readonly latenciesMs: readonly number[];
  },
): readonly MetricDatum[] {
  const { now, before, latenciesMs } = read;
  const latency = quantile99(latenciesMs);
  return [
    ...PUBLISHED.map(({ name, of, kind }): MetricDatum => {
      const value = now.get(of) ?? 0;
      return { name, value: kind === 'gauge' ? value : value - (before.get(of) ?? 0), unit: 'Count', atMs };
    }),
    ...(latency === undefined
      ? []
      : [{ name: LATENCY, value: Math.round(latency), unit: 'Milliseconds', atMs } as const]),
  ];
}
