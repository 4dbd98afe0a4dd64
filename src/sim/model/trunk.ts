import { branchEnisOf } from '../../vpc/index.ts';
import { SimFault } from './fault.ts';
import { enisOf, needEni, needInstance, needSubnet, type VpcState } from './state.ts';
import { changeEni } from './store.ts';
import type { SimEni, SimInstance, TrunkAssociation } from './types.ts';

/** Which branch hangs on which trunk, by which VLAN. */
export interface TrunkRequest {
  readonly trunkEniId: string;
  readonly branchEniId: string;
  /** 1 to 4094, free on this trunk. */
  readonly vlanId: number;
  readonly clientToken?: string | undefined;
}

const MAX_VLAN = 4094;

/** Hangs an ENI on a trunk. It is a branch from now on. */
export function associateTrunk(state: VpcState, request: TrunkRequest): TrunkAssociation {
  const { clientToken, ...rest } = request;
  const wish = JSON.stringify(rest);
  const known = state.tokens.trunk.find(clientToken, wish);
  if (known !== undefined) return needAssociation(state, known).trunk;
  const trunk = needEni(state, request.trunkEniId);
  const branch = needEni(state, request.branchEniId);
  const { vlanId } = request;
  if (trunk.interfaceType !== 'trunk')
    throw new SimFault('InvalidParameterValue', `Network interface '${trunk.id}' is no trunk`);
  if (branch.interfaceType !== 'branch' && branch.interfaceType !== 'interface')
    throw new SimFault('InvalidParameterValue', `'${branch.id}' is of type ${branch.interfaceType}, not a branch`);
  if (branch.attachment !== undefined || branch.trunk !== undefined)
    throw new SimFault('InvalidNetworkInterface.InUse', `Network interface '${branch.id}' is currently in use`);
  if (!Number.isInteger(vlanId) || vlanId < 1 || vlanId > MAX_VLAN)
    throw new SimFault('InvalidParameterValue', `A VLAN ID is 1 to ${MAX_VLAN}, not ${vlanId}`);
  if (state.branches.get(trunk.id)?.has(vlanId) === true)
    throw new SimFault('InvalidVlanId.Duplicate', `VlanId '${vlanId}' is in use on trunk '${trunk.id}'`);
  const [here, there] = [trunk, branch].map((eni) => needSubnet(state, eni.subnetId).subnet.availabilityZone);
  if (here !== there) throw new SimFault('InvalidParameterCombination', `Trunk and branch are in ${here} and ${there}`);
  needBranchRoom(state, trunk);
  const association = { id: state.ids.next('trunk-assoc'), trunkEniId: trunk.id, vlanId };
  changeEni(state, { ...branch, interfaceType: 'branch', trunk: association });
  state.tokens.trunk.keep(clientToken, { id: association.id, request: wish });
  return association;
}

/** Takes a branch off its trunk. */
export function disassociateTrunk(state: VpcState, associationId: string): void {
  const { branch } = needAssociation(state, associationId);
  changeEni(state, { ...branch, trunk: undefined });
}

/** Takes every branch off a trunk that goes. */
export function dropBranches(state: VpcState, trunkEniId: string): void {
  for (const id of [...(state.branches.get(trunkEniId)?.values() ?? [])]) {
    const branch = needEni(state, id);
    if (branch.trunk !== undefined) disassociateTrunk(state, branch.trunk.id);
  }
}

/** Throws unless the instance takes this trunk with its branches. */
export function needTrunkOn(state: VpcState, trunk: SimEni, instance: SimInstance): void {
  const limit = branchEnisOf(instance.instanceType);
  if (limit === 0)
    throw new SimFault('InvalidParameterValue', `${instance.instanceType} does not support trunk network interfaces`);
  const other = enisOf(state, instance.id).find((eni) => eni.interfaceType === 'trunk');
  if (other !== undefined)
    throw new SimFault('AttachmentLimitExceeded', `Instance '${instance.id}' has a trunk already: '${other.id}'`);
  const branches = state.branches.get(trunk.id)?.size ?? 0;
  if (branches > limit) throw tooMany(instance, limit);
}

function needBranchRoom(state: VpcState, trunk: SimEni): void {
  if (trunk.attachment === undefined) return;
  const instance = needInstance(state, trunk.attachment.instanceId);
  const limit = branchEnisOf(instance.instanceType);
  if ((state.branches.get(trunk.id)?.size ?? 0) >= limit) throw tooMany(instance, limit);
}

function tooMany(instance: SimInstance, limit: number): SimFault {
  return new SimFault('BranchNetworkInterfaceLimitExceeded', `${instance.instanceType} takes ${limit} branches`);
}

function needAssociation(
  state: VpcState,
  associationId: string,
): { readonly branch: SimEni; readonly trunk: TrunkAssociation } {
  const branch = state.enis.get(state.branchByAssociation.get(associationId) ?? '');
  if (branch?.trunk === undefined)
    throw new SimFault('InvalidAssociationID.NotFound', `The trunk association ID '${associationId}' does not exist`);
  return { branch, trunk: branch.trunk };
}
