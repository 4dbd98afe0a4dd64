import type { Message, Spec } from './encode-message.ts';

/** `rpc.AddNetworkRequest`. */
export const ADD_REQUEST = {
  K8S_POD_NAME: [1, 'string'],
  K8S_POD_NAMESPACE: [2, 'string'],
  K8S_POD_INFRA_CONTAINER_ID: [3, 'string'],
  Netns: [4, 'string'],
  IfName: [5, 'string'],
  NetworkName: [6, 'string'],
  ContainerID: [7, 'string'],
  ClientVersion: [8, 'string'],
  RequiresMultiNICAttachment: [9, 'bool'],
} as const satisfies Spec;

/** `rpc.IPAllocationMetadata`: one address of a pod; the device number is −1 for a pod with an ENI of its own. */
export const ADDRESS = {
  IPv4Addr: [1, 'string'],
  IPv6Addr: [2, 'string'],
  DeviceNumber: [3, 'int32'],
  RouteTableId: [4, 'int32'],
} as const satisfies Spec;

/** `rpc.AddNetworkReply`. */
export const ADD_REPLY = {
  Success: [1, 'bool'],
  IPAllocationMetadata: [2, { repeated: ADDRESS }],
  UseExternalSNAT: [5, 'bool'],
  VPCv4CIDRs: [6, 'strings'],
  PodVlanId: [7, 'int32'],
  PodENIMAC: [8, 'string'],
  PodENISubnetGW: [9, 'string'],
  ParentIfIndex: [10, 'int32'],
  VPCv6CIDRs: [12, 'strings'],
  NetworkPolicyMode: [13, 'string'],
} as const satisfies Spec;

/** `rpc.DelNetworkRequest`. */
export const DEL_REQUEST = {
  K8S_POD_NAME: [1, 'string'],
  K8S_POD_NAMESPACE: [2, 'string'],
  K8S_POD_INFRA_CONTAINER_ID: [3, 'string'],
  Reason: [5, 'string'],
  IfName: [6, 'string'],
  NetworkName: [7, 'string'],
  ContainerID: [8, 'string'],
  ClientVersion: [9, 'string'],
  K8S_POD_UID: [10, 'string'],
} as const satisfies Spec;

/** `rpc.DelNetworkReply`. */
export const DEL_REPLY = {
  Success: [1, 'bool'],
  IPAllocationMetadata: [2, { repeated: ADDRESS }],
  PodVlanId: [4, 'int32'],
  NetworkPolicyMode: [6, 'string'],
} as const satisfies Spec;

/** `google.protobuf.Empty`. */
export const EMPTY = {} as const satisfies Spec;

/** `rpc.NetworkPolicyAgentConfigReply`. */
export const POLICY_CONFIG = {
  NetworkPolicyMode: [1, 'string'],
  MultiNICEnabled: [2, 'bool'],
  NodeIPv4: [3, 'string'],
  NodeIPv6: [4, 'string'],
  InstanceID: [5, 'string'],
  Region: [6, 'string'],
} as const satisfies Spec;

/** `grpc.health.v1.HealthCheckRequest`. */
export const HEALTH_REQUEST = { service: [1, 'string'] } as const satisfies Spec;

/** `grpc.health.v1.HealthCheckResponse`; an enumeration is a number on the wire. */
export const HEALTH_REPLY = { status: [1, 'int32'] } as const satisfies Spec;

export type AddRequest = Message<typeof ADD_REQUEST>;
export type AddReply = Message<typeof ADD_REPLY>;
export type DelRequest = Message<typeof DEL_REQUEST>;
export type DelReply = Message<typeof DEL_REPLY>;
export type PolicyConfig = Message<typeof POLICY_CONFIG>;
