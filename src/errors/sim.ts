import type { Entry } from './entry.ts';

/** Failures of the VPC simulator. */
export const SIM_ERRORS = {
  SIM_NOT_RUNNING: {
    retry: 'never',
    says: (d) => `no simulated VPC named ${d['name']} is running`,
    remedy: 'start one with "vpc-cni sim up"',
  },
  SIM_ALREADY_RUNNING: {
    retry: 'never',
    says: (d) => `a simulated VPC named ${d['name']} already runs (pid ${d['pid']})`,
    remedy: 'use it, give another --name, or end it with "vpc-cni sim down"',
  },
} as const satisfies Record<string, Entry>;
