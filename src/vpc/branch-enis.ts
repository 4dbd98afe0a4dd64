import { limitsOf } from './instance-limits.ts';

/** Branch ENIs the trunk ENI of an instance type takes; 0 where the type takes no trunk. */
export function branchEnisOf(instanceType: string): number {
  const limits = limitsOf(instanceType);
  const nitro = limits?.hypervisor === 'nitro' || limits?.bareMetal === true;
  return nitro && !/^t\d/.test(instanceType) ? 9 : 0;
}
