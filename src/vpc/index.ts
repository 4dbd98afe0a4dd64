/** EC2's nouns and limits: what an instance type can hold, and what follows from it. Pure. */
export { architectureOf } from './architecture.ts';
export { branchEnisOf } from './branch-enis.ts';
export { type InstanceLimits, instanceTypes, limitsOf, supportsIpv6 } from './instance-limits.ts';
export {
  ADDRESS_MODES,
  type AddressMode,
  explainPodRoom,
  HOST_NETWORK_PODS,
  maxPods,
  type PodRoom,
  type PodRoomRequest,
  podRoom,
  supportsPrefixes,
} from './max-pods.ts';
export { POD_ROOM_SCHEMA } from './pod-room-schema.ts';
export { ENI_TAG } from './tags.ts';
export { hasManyVcpus } from './vcpus.ts';
