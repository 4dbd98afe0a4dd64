import type { Ipv4Address } from '../../addr/index.ts';
import { freeAddresses, holdAddresses, needInSubnet, needRoom, pickFree } from './addresses.ts';
import { SimFault } from './fault.ts';
import { needEni, needGroups, needSubnet, type Tags, type VpcState } from './state.ts';
import type { SimEni } from './types.ts';

/** What an ENI is made from. `addresses[0]` becomes its primary address; without any, EC2 picks one. */
export interface EniRequest {
  readonly subnetId: string;
  readonly description?: string;
  readonly securityGroups?: readonly string[];
  readonly addresses?: readonly Ipv4Address[];
  /** Secondary addresses EC2 shall pick, beside those named. */
  readonly secondaryCount?: number;
  readonly tags?: Tags;
  /** The same token with the same request makes no second ENI. */
  readonly clientToken?: string;
}

/** Makes an ENI with its addresses, attached to nothing. */
export function createEni(state: VpcState, request: EniRequest): SimEni {
  const { clientToken, ...rest } = request;
  const wish = JSON.stringify(rest);
  const known = clientToken === undefined ? undefined : state.eniByToken.get(clientToken);
  if (known !== undefined) {
    if (known.request !== wish)
      throw new SimFault('IdempotentParameterMismatch', 'The client token was used before with other parameters');
    return needEni(state, known.eniId);
  }
  const record = needSubnet(state, request.subnetId);
  const groups = needGroups(state, request.securityGroups ?? []);
  const addresses = chooseAddresses(state, request);
  const eni: SimEni = {
    id: state.ids.next('eni'),
    mac: freshMac(state),
    subnetId: record.subnet.id,
    description: request.description ?? '',
    securityGroups: groups.length > 0 ? groups : [state.defaultGroupId],
    addresses,
    tags: request.tags ?? {},
    attachment: undefined,
  };
  state.enis.set(eni.id, eni);
  state.eniByMac.set(eni.mac, eni.id);
  holdAddresses(state, eni, addresses);
  if (clientToken !== undefined) {
    state.eniByToken.set(clientToken, { eniId: eni.id, request: wish });
    state.tokenByEni.set(eni.id, clientToken);
  }
  return eni;
}

/** Deletes an ENI that hangs on nothing. Its token is forgotten with it. */
export function deleteEni(state: VpcState, eniId: string): void {
  const eni = needEni(state, eniId);
  if (eni.attachment !== undefined)
    throw new SimFault('InvalidNetworkInterface.InUse', `Network interface '${eniId}' is currently in use`);
  state.enis.delete(eniId);
  state.eniByMac.delete(eni.mac);
  freeAddresses(state, eni, eni.addresses);
  state.eniByToken.delete(state.tokenByEni.get(eniId) ?? '');
  state.tokenByEni.delete(eniId);
}

/** Puts other security groups on an ENI. */
export function setSecurityGroups(state: VpcState, eniId: string, groups: readonly string[]): SimEni {
  const eni = { ...needEni(state, eniId), securityGroups: needGroups(state, groups) };
  if (groups.length === 0) throw new SimFault('InvalidParameterValue', 'A network interface needs a security group');
  state.enis.set(eniId, eni);
  return eni;
}

/** Changes what an ENI says about itself. */
export function setDescription(state: VpcState, eniId: string, description: string): SimEni {
  const eni = { ...needEni(state, eniId), description };
  state.enis.set(eniId, eni);
  return eni;
}

function chooseAddresses(state: VpcState, request: EniRequest): readonly Ipv4Address[] {
  const record = needSubnet(state, request.subnetId);
  const named = [...new Set(request.addresses ?? [])];
  const secondaries = request.secondaryCount ?? 0;
  if (!Number.isInteger(secondaries) || secondaries < 0)
    throw new SimFault('InvalidParameterValue', `The number of addresses cannot be ${secondaries}`);
  for (const address of named) {
    needInSubnet(record, address);
    if (state.eniByAddress.has(address))
      throw new SimFault('InvalidIPAddress.InUse', `The specified address ${address} is already in use`);
  }
  const picks = (named.length === 0 ? 1 : 0) + secondaries;
  needRoom(state, { attachment: undefined, addresses: [] }, named.length + picks);
  return [...named, ...pickFree(state, record, { count: picks, except: named })];
}

function freshMac(state: VpcState): SimEni['mac'] {
  for (;;) {
    const mac = state.ids.mac();
    if (!state.eniByMac.has(mac)) return mac;
  }
}
