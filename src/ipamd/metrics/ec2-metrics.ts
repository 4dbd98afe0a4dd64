import { Counter, Histogram, type Registry, Summary } from 'prom-client';
import type { Ec2Outcome } from '../../aws/index.ts';

/** From a describe (tens of milliseconds) to an attach that takes its time; few, for each is a series per action. */
const SECONDS = [0.1, 0.3, 1, 3, 10];

/** Counts EC2 requests and their time, under upstream's names and ours. Returns who is to be told of each request. */
export function registerEc2Metrics(registry: Registry): (outcome: Ec2Outcome) => void {
  const registers = [registry];
  const requests = new Counter({
    name: 'awscni_ec2api_req_count',
    help: 'EC2 requests since the start, by action',
    labelNames: ['fn'],
    registers,
  });
  const errors = new Counter({
    name: 'awscni_ec2api_error_count',
    help: 'EC2 requests that failed, by action',
    labelNames: ['fn'],
    registers,
  });
  const apiErrors = new Counter({
    name: 'awscni_aws_api_error_count',
    help: 'EC2 requests that failed, by action and error',
    labelNames: ['api', 'error'],
    registers,
  });
  const latency = new Summary({
    name: 'awscni_aws_api_latency_ms',
    help: 'Time of EC2 requests in milliseconds, by action and status',
    labelNames: ['api', 'error', 'status'],
    percentiles: [],
    registers,
  });
  const seconds = new Histogram({
    name: 'vpccni_ec2_request_seconds',
    help: 'Time of EC2 requests, by action and result (ok or failed)',
    labelNames: ['action', 'result'],
    buckets: SECONDS,
    registers,
  });
  return ({ action, code, ms }) => {
    const failed = code !== undefined;
    requests.labels(action).inc();
    latency.labels(action, String(failed), code ?? '200').observe(ms);
    seconds.labels(action, failed ? 'failed' : 'ok').observe(ms / 1000);
    if (!failed) return;
    errors.labels(action).inc();
    apiErrors.labels(action, code).inc();
  };
}
