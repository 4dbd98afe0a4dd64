import { lastEni, NEWER, NO_SUCH_THING, need, type Story } from './story.ts';

const LINK = ['greKey', 'tagSet.key', 'tagSet.value'];

/** A trunk with a branch on it. No example of these actions is documented: the service model alone says their shapes. */
export const trunks: Story = {
  name: 'trunks',
  steps: [
    {
      action: 'CreateNetworkInterface',
      input: ({ subnet }) => ({ SubnetId: subnet, InterfaceType: 'trunk', ClientToken: 'trunk' }),
      differences: {
        [NEWER]: [
          '+clientToken',
          '+networkInterface.availabilityZoneId',
          '+networkInterface.interfaceType',
          '+networkInterface.operator',
        ],
      },
    },
    {
      action: 'AssociateTrunkInterface',
      input: ({ vpc, spare }) => ({
        TrunkInterfaceId: lastEni(vpc).id,
        BranchInterfaceId: spare,
        VlanId: 7,
        ClientToken: 'story',
      }),
      differences: { [NO_SUCH_THING]: LINK.map((name) => `-interfaceAssociation.${name}`) },
    },
    {
      action: 'DescribeTrunkInterfaceAssociations',
      input: () => ({}),
      differences: { [NO_SUCH_THING]: LINK.map((name) => `-interfaceAssociationSet.${name}`) },
    },
    {
      action: 'DisassociateTrunkInterface',
      input: ({ vpc }) => ({ AssociationId: need(vpc.trunkAssociations()[0]).id, ClientToken: 'story' }),
    },
  ],
};
