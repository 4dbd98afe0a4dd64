import { parseIp } from '../../src/addr/index.ts';
import type { PodWiring, Step } from '../../src/dataplane/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { describeStep } from '../../src/kernel/index.ts';

/** The same step with one value that cannot be. */
export function impossible(step: Step): Step {
  switch (step.kind) {
    case 'set-link':
      return { ...step, mtu: 70_000 };
    case 'add-vlan':
      return { ...step, vlan: { ...step.vlan, id: 5000 } };
    case 'add-address':
      return { ...step, address: { ...step.address, address: { ...step.address.address, prefixLength: 200 } } };
    case 'replace-route': {
      // No gateway is an address of many.
      const many = step.route.destination.address.includes(':') ? 'ff02::1' : '224.0.0.1';
      return { ...step, route: { ...step.route, gateway: parseIp(many) } };
    }
    case 'add-rule':
      return { ...step, rule: { ...step.rule, input: 'i'.repeat(40) } };
    case 'set-neighbour':
      return { ...step, link: 'no-such-link' };
    default:
      throw new Error(`a pod is wired without ${step.kind}`);
  }
}

/** A wiring that is refused, where, and what is to be said of it. */
export interface Refusal {
  readonly at: string;
  readonly wiring: PodWiring;
  readonly says: string;
}

/** How an error begins that names a step. */
export const kernelSays = (step: Step): string => `NETLINK the kernel refused to ${describeStep(step)}: E`;

/** Each step of a wiring in turn made impossible, on the host and in the pod, and what is to be said of it. */
export function refusals(wiring: PodWiring): readonly Refusal[] {
  const { veth } = wiring;
  const steps = (['hostSteps', 'podSteps'] as const).flatMap((side) =>
    wiring[side].map((step, at): Refusal => {
      const bad = impossible(step);
      const all = wiring[side].with(at, bad);
      return { at: `${side} ${at}: ${step.kind}`, wiring: { ...wiring, [side]: all }, says: kernelSays(bad) };
    }),
  );
  const sysctls = (['hostSysctls', 'podSysctls'] as const).flatMap((side) =>
    Object.keys(wiring[side]).map(
      (key): Refusal => ({
        at: `${side} ${key}`,
        wiring: { ...wiring, [side]: { ...wiring[side], [key]: 'x' } },
        says: `FILE_FAILED could not write /proc/sys/${key}: EINVAL`,
      }),
    ),
  );
  const pair = { ...wiring, veth: { ...veth, mtu: 60 } };
  return [
    { at: 'pair', wiring: pair, says: `NETLINK the kernel refused to make veth ${veth.host.name}: EINVAL` },
    ...sysctls,
    ...steps,
  ];
}

/** The code and the words of what work threw. */
export function outcome(work: () => void): string {
  try {
    work();
    return 'no error';
  } catch (error) {
    return error instanceof HostError ? `${error.code} ${error.message}` : String(error);
  }
}
