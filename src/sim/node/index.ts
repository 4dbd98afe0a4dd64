/**
 * A node: a namespace pair that looks like a machine of its own to whatever runs inside. Its files are this machine's,
 * overlaid; its links come from the fabric.
 */
export { createMachine, haltMachine, rebootMachine, removeMachine } from './machine.ts';
export { identityOf, signal } from './occupants.ts';
export { enterArgv, type NodePaths, nodePaths } from './paths.ts';
export { createStateDir, hasRemains, removeRemains } from './state-dir.ts';
