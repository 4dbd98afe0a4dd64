/**
 * A simulated VPC on one machine: EC2's model and its two APIs, a fabric of network namespaces in which packets really
 * travel, nodes that look like machines, and a small container runtime to put pods on them. Imports nothing of the product.
 */
export { parseDuration, parseTime } from './clock/index.ts';
export {
  type CallFilter,
  type ClockView,
  createClient,
  type EniView,
  type NodeView,
  needDaemon,
  type SimClient,
  type SimStatus,
  serveVpc,
  startVpc,
  stopVpc,
  vpcNamesOf,
} from './daemon/index.ts';
export { type Dial, formatDelay } from './dials/index.ts';
export { type VpcNames, vpcNames } from './fabric/index.ts';
export type { SimCall } from './model/index.ts';
export { enterArgv, type NodePaths, nodePaths } from './node/index.ts';
export {
  addPod,
  checkPodName,
  deletePod,
  type PodName,
  type PodView,
  podArgv,
  podView,
  type Runtime,
} from './runtime/index.ts';
export {
  type NodePlan,
  nodeName,
  type ParsedScenario,
  parseScenario,
  rehearse,
  SCENARIOS,
  type Scenario,
} from './scenario/index.ts';
