/**
 * Capacity and behaviour of a fleet before it is bought: the very decisions of the daemon (`pool`) and its own gate before EC2
 * (`aws`), in virtual time, against one account's token buckets. Nothing here leaves the process.
 */
export { type FleetPlan, planFleet } from './plan.ts';
export { renderPlans } from './render-plan.ts';
export { type Look, renderRuns, shortcomings } from './render-run.ts';
export {
  type FleetScenario,
  type LaunchSpec,
  type PodLoad,
  type Stage,
  USUAL_WORLD,
  type WorldSpec,
} from './scenario.ts';
export { FLEET_SCHEMAS } from './schema.ts';
export { runFleet } from './simulate.ts';
export type { SubnetSpec } from './subnet-space.ts';
export { type FleetRun, summarize } from './summary.ts';
export { renderSvg } from './svg.ts';
