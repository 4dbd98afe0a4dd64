/**
 * Situations as JSON files: what a VPC consists of and what disturbs it. A library of them ships with the program, one
 * for each thing EC2 does to its clients; others are read from files and checked as a whole before anything starts.
 */
export { buildVpc, findSubnet, launchNode } from './build.ts';
export { nodeName } from './defaults.ts';
export { SCENARIOS } from './library.ts';
export { type ParsedScenario, parseScenario } from './parse-scenario.ts';
export { rehearse } from './rehearse.ts';
export type { NodePlan, Scenario, Span } from './scenario.ts';
export { NODE_SCHEMA, SPAN_SCHEMA, strictObject } from './schema.ts';
export { type AttachSpans, type AttachTimes, attachTimes, clockOf } from './time.ts';
