import { SimFault } from '../../model/index.ts';
import type { Action } from '../action.ts';
import type { Parameters } from '../parameters.ts';
import { metadataOptions, stateOf } from '../shapes/index.ts';
import { items } from '../xml.ts';

/** Ends instances; their machines and ENIs follow after the answer. One that is ending already is no failure. */
export const terminateInstances: Action = (parameters, { vpc, terminate }) => {
  const ids = parameters.requiredIds('InstanceId', 'instance');
  return () => {
    // Every id is looked up before the first instance goes.
    const machines = [...new Set(ids)].map((id) => vpc.instance(id));
    const changes = machines.map((before) => {
      if (before.state === 'pending' || before.state === 'running') {
        vpc.beginTerminate(before.id);
        terminate(vpc.instance(before.id));
      }
      const now = vpc.findInstance(before.id)?.state ?? 'terminated';
      return { instanceId: before.id, currentState: stateOf(now), previousState: stateOf(before.state) };
    });
    return { instancesSet: items(changes) };
  };
};

/** Boots running instances again, all or none. */
export const rebootInstances: Action = (parameters, { vpc }) => {
  const ids = parameters.requiredIds('InstanceId', 'instance');
  return () => {
    const machines = [...new Set(ids)].map((id) => vpc.instance(id));
    const wrong = machines.find(({ state }) => state !== 'running');
    if (wrong !== undefined)
      throw new SimFault('IncorrectInstanceState', `The instance '${wrong.id}' is ${wrong.state}, not running`);
    for (const { id } of machines) vpc.rebootInstance(id);
    return { return: true };
  };
};

/** Changes what an instance's metadata service shows and how far its tokens go. */
export const modifyInstanceMetadataOptions: Action = (parameters, { vpc }) => {
  const instanceId = parameters.requiredId('InstanceId', 'instance');
  const change = readMetadataOptions(parameters);
  return () => {
    vpc.setMetadataOptions(instanceId, change);
    return { instanceId, instanceMetadataOptions: metadataOptions(vpc.instance(instanceId).metadata) };
  };
};

/** What a request may say about an instance's metadata service. */
export interface MetadataChange {
  readonly hopLimit?: number;
  readonly tokensOptional?: boolean;
  readonly instanceTags?: boolean;
}

/** Reads metadata options. The service here is always on, by IPv4 only. */
export function readMetadataOptions(parameters: Parameters): MetadataChange {
  const hopLimit = parameters.integer('HttpPutResponseHopLimit', 1);
  const tags = parameters.choice('InstanceMetadataTags', ['enabled', 'disabled']);
  const tokens = parameters.choice('HttpTokens', ['optional', 'required']);
  const endpoint = parameters.choice('HttpEndpoint', ['enabled', 'disabled']);
  const ipv6 = parameters.choice('HttpProtocolIpv6', ['enabled', 'disabled']);
  if (hopLimit !== undefined && hopLimit > 64)
    throw new SimFault('InvalidParameterValue', `The hop limit must be 1 to 64, not ${hopLimit}`);
  if (endpoint === 'disabled' || ipv6 === 'enabled')
    throw new SimFault('UnsupportedOperation', 'The metadata service is simulated enabled, over IPv4 only');
  return {
    ...(hopLimit === undefined ? {} : { hopLimit }),
    ...(tokens === undefined ? {} : { tokensOptional: tokens === 'optional' }),
    ...(tags === undefined ? {} : { instanceTags: tags === 'enabled' }),
  };
}
