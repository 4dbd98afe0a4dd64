/**
 * Types whose size says more than they have: half the threads of others (hpc7a), an older way to count (hs1), or `metal`
 * on a small machine. Every other `metal` has 48 vCPUs and more.
 */
const SMALLER_THAN_NAMED = /^(?:hpc7a\.12xlarge|hs1\.8xlarge|a1\.metal|mac[0-9a-z-]*\.metal)$/;

/** vCPUs of an `xlarge`; `8xlarge` has eight times as many, `metal-24xl` as many as the 24xlarge it stands for. */
const VCPUS_OF_XLARGE = 4;

const MANY = 30;

/** Reports whether an instance type has more than 30 vCPUs, as its name tells; newer types keep to the same names. */
export function hasManyVcpus(instanceType: string): boolean {
  if (SMALLER_THAN_NAMED.test(instanceType)) return false;
  const size = instanceType.split('.')[1] ?? '';
  if (size === 'metal') return true;
  const times = /^(?:metal-)?(\d+)xl(?:arge)?$/.exec(size)?.[1];
  return Number(times ?? 1) * VCPUS_OF_XLARGE > MANY;
}
