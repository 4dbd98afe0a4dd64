import { architectureOf, instanceTypes, limitsOf, supportsIpv6 } from '../../../vpc/index.ts';
import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { instanceType } from '../shapes/index.ts';
import { items } from '../xml.ts';

/** A listing of every type comes in pages of this size when the caller names none; EC2 allows no larger ones. */
const TYPES_PAGE = 100;

/** Lists the limits of instance types, all of them page by page. */
export const describeInstanceTypes: Action = (parameters) => {
  const names = parameters.list('InstanceType');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: TYPES_PAGE, ids: names, filters, usual: TYPES_PAGE });
  if (names.length > TYPES_PAGE)
    throw new SimFault('InvalidParameterValue', `A request takes ${TYPES_PAGE} instance types, not ${names.length}`);
  return () => {
    const unknown = names.filter((name) => limitsOf(name) === undefined);
    if (unknown.length > 0)
      throw new SimFault(
        'InvalidInstanceType',
        `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
      );
    const limits = (names.length > 0 ? [...new Set(names)] : instanceTypes()).flatMap((name) => {
      const found = limitsOf(name);
      return found === undefined ? [] : [{ ...found, tags: {} }];
    });
    const matching = applyFilters(limits, filters, {
      'bare-metal': (one) => [one.bareMetal],
      'current-generation': (one) => [one.hypervisor !== 'xen'],
      hypervisor: (one) => [one.hypervisor === 'unknown' ? undefined : one.hypervisor],
      'instance-type': (one) => [one.instanceType],
      'network-info.ipv4-addresses-per-interface': (one) => [one.ipv4PerEni],
      'network-info.ipv6-addresses-per-interface': (one) => [supportsIpv6(one.instanceType) ? one.ipv4PerEni : 0],
      'network-info.ipv6-supported': (one) => [supportsIpv6(one.instanceType)],
      'network-info.maximum-network-cards': (one) => [one.cards.length],
      'network-info.maximum-network-interfaces': (one) => [one.cards.reduce((sum, enis) => sum + enis, 0)],
      'processor-info.supported-architecture': (one) => [architectureOf(one.instanceType)],
    });
    const { items: found, nextToken } = takePage(matching, page, (one) => one.instanceType);
    return { instanceTypeSet: items(found.map(instanceType)), nextToken };
  };
};
