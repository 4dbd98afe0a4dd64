/**
 * A small container runtime: sandboxes on a node, wired by the node's own CNI chain as the specification says. It
 * knows nothing of the plugin it calls.
 */
export { renderEnvironment, renderPluginInput } from './call.ts';
export { parseConflist } from './parse-conflist.ts';
export {
  addPod,
  checkPodName,
  deletePod,
  listPods,
  type PodName,
  type PodView,
  podView,
  type Runtime,
} from './pods.ts';
export { podArgv } from './sandbox.ts';
