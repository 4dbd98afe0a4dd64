/** Finds and deletes ENIs that nodes of the cluster have left behind in EC2. */
export { Janitor, type JanitorParts } from './janitor.ts';
export { judge, type Verdict } from './judge.ts';
