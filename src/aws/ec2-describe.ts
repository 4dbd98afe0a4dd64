import type { NetworkInterface } from '@aws-sdk/client-ec2';
import { HostError } from '../errors/index.ts';
import type { Ask } from './ask.ts';
import type { Ec2Subject } from './classify.ts';
import { parseEni, parseInstanceType, parseLimits, parseSubnet, present } from './parse-ec2.ts';
import type { Ec2, EniDescription, SubnetDescription } from './types.ts';

/** EC2 accepts 5 to 1000; paged describes are throttled less than unpaged ones (EC2 user guide, "Request throttling"). */
const PAGE_SIZE = 1000;

/** The methods that only read. */
export type DescribingMethods = Pick<
  Ec2,
  'describeEnis' | 'findEnis' | 'findUnattachedEnis' | 'describeEni' | 'describeSubnets' | 'describeInstanceType'
>;

/** These methods over `ask`. */
export function describingMethods(ask: Ask): DescribingMethods {
  return {
    describeEnis: ({ instanceId }) => listEnis(ask, { instanceId }, { 'attachment.instance-id': instanceId }),

    findEnis: ({ tags }) =>
      listEnis(ask, {}, Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tag:${key}`, value]))),

    findUnattachedEnis: ({ vpcId, tagKey, tags }) =>
      listEnis(
        ask,
        {},
        {
          status: 'available',
          'vpc-id': vpcId,
          'tag-key': tagKey,
          ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tag:${key}`, value])),
        },
      ),

    async describeSubnets({ vpcId, availabilityZone }) {
      const action = 'DescribeSubnets';
      const Filters = renderFilters({ 'vpc-id': vpcId, 'availability-zone': availabilityZone });
      const subnets: SubnetDescription[] = [];
      let next: Page | undefined = {};
      while (next !== undefined) {
        const from: Page = next;
        const page = await ask(action, {}, (sdk, client) =>
          client.send(new sdk.DescribeSubnetsCommand({ Filters, MaxResults: PAGE_SIZE, ...from })),
        );
        subnets.push(
          ...present(action, 'Subnets', page.Subnets).flatMap((subnet) => parseSubnet(action, subnet) ?? []),
        );
        next = page.NextToken ? { NextToken: page.NextToken } : undefined;
      }
      return subnets;
    },

    async describeEni({ eniId }) {
      const action = 'DescribeNetworkInterfaces';
      try {
        const answer = await ask(action, { eniId }, (sdk, client) =>
          client.send(new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [eniId] })),
        );
        const [eni] = present(action, 'NetworkInterfaces', answer.NetworkInterfaces);
        return eni === undefined ? undefined : parseEni(action, eni);
      } catch (error) {
        if (error instanceof HostError && error.code === 'EC2_NOT_FOUND') return undefined;
        throw error;
      }
    },

    async describeInstanceType({ instanceType }) {
      const action = 'DescribeInstanceTypes';
      const answer = await ask(action, {}, (sdk, client) =>
        client.send(new sdk.DescribeInstanceTypesCommand({ InstanceTypes: [parseInstanceType(instanceType)] })),
      );
      return parseLimits(action, present(action, `the type ${instanceType}`, answer.InstanceTypes?.[0]));
    },
  };
}

interface Page {
  readonly NextToken?: string;
}

/** Every ENI that passes all the filters, page by page. */
async function listEnis(
  ask: Ask,
  subject: Ec2Subject,
  filters: Readonly<Record<string, string>>,
): Promise<readonly EniDescription[]> {
  const action = 'DescribeNetworkInterfaces';
  const enis: NetworkInterface[] = [];
  let next: Page | undefined = {};
  while (next !== undefined) {
    const from: Page = next;
    const page = await ask(action, subject, (sdk, client) =>
      client.send(
        new sdk.DescribeNetworkInterfacesCommand({ Filters: renderFilters(filters), MaxResults: PAGE_SIZE, ...from }),
      ),
    );
    // An answer without the list is none: taken for an empty one, it would take every ENI away from us.
    enis.push(...present(action, 'NetworkInterfaces', page.NetworkInterfaces));
    // The last page has no token or, in some of EC2's answers, an empty one.
    next = page.NextToken ? { NextToken: page.NextToken } : undefined;
  }
  return enis.map((eni) => parseEni(action, eni));
}

function renderFilters(filters: Readonly<Record<string, string>>): { Name: string; Values: string[] }[] {
  return Object.entries(filters).map(([Name, value]) => ({ Name, Values: [value] }));
}
