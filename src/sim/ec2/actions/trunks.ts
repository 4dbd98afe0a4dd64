import { SimFault, type TrunkAssociation } from '../../model/index.ts';
import type { Action } from '../action.ts';
import { applyFilters, readFilters } from '../filters.ts';
import { readPage, takePage } from '../paging.ts';
import { missing } from '../parameters.ts';
import { items, type Xml } from '../xml.ts';

/** Hangs a branch ENI on a trunk by a VLAN. */
export const associateTrunkInterface: Action = (parameters, { vpc }) => {
  const branchEniId = parameters.requiredId('BranchInterfaceId', 'network-interface');
  const trunkEniId = parameters.requiredId('TrunkInterfaceId', 'network-interface');
  const vlanId = parameters.integer('VlanId');
  const token = parameters.clientToken();
  return () => {
    // EC2 also knows GRE keys, on types with Nitro cards of old; a VLAN is what trunks use.
    if (vlanId === undefined) throw missing('VlanId');
    const made = vpc.associateTrunk({ trunkEniId, branchEniId, vlanId, clientToken: token });
    return { interfaceAssociation: trunkAssociation({ ...made, branchEniId }), clientToken: token };
  };
};

/** Takes a branch ENI off its trunk; the same client token may ask again. */
export const disassociateTrunkInterface: Action = (parameters, { vpc, disassociations }) => {
  const associationId = parameters.requiredId('AssociationId', 'trunk-association');
  const token = parameters.clientToken();
  return () => {
    if (!disassociations.isDone(token, associationId)) vpc.disassociateTrunk(associationId);
    disassociations.add(token, associationId);
    return { return: true, clientToken: token };
  };
};

/** Lists which branch hangs on which trunk. */
export const describeTrunkInterfaceAssociations: Action = (parameters, { vpc }) => {
  const ids = parameters.ids('AssociationId', 'trunk-association');
  const filters = readFilters(parameters);
  const page = readPage(parameters, { min: 5, max: 255, ids, filters });
  return () => {
    const all = vpc.trunkAssociations();
    const strange = ids.find((id) => !all.some((one) => one.id === id));
    if (strange !== undefined)
      throw new SimFault('InvalidAssociationID.NotFound', `The trunk association ID '${strange}' does not exist`);
    const chosen = all.filter(({ id }) => ids.length === 0 || ids.includes(id)).map((one) => ({ ...one, tags: {} }));
    const matching = applyFilters(chosen, filters, {
      'gre-key': () => [],
      'interface-protocol': () => ['VLAN'],
    });
    const { items: found, nextToken } = takePage(matching, page, ({ id }) => id);
    return { interfaceAssociationSet: items(found.map(trunkAssociation)), nextToken };
  };
};

function trunkAssociation(one: TrunkAssociation & { readonly branchEniId: string }): Xml {
  return {
    associationId: one.id,
    branchInterfaceId: one.branchEniId,
    trunkInterfaceId: one.trunkEniId,
    interfaceProtocol: 'VLAN',
    vlanId: one.vlanId,
    tagSet: '',
  };
}
