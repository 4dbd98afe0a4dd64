/**
 * Disturbances of the simulator, set from outside to see how a client copes: what a dial is, which values it takes, and
 * the decision what happens to one request. Pure, with time and chance as values; `Dials` holds what is set.
 */
export { ec2Bucket } from './buckets.ts';
export { createChance } from './chance.ts';
export { type Asked, type Decision, type DialState, decide } from './decide.ts';
export { formatDelay, parseDelay, sampleDelay } from './delay.ts';
export type { BucketMode, BucketSize, Delay, Dial, Garble, Stale } from './dial.ts';
export { Dials } from './dials.ts';
export { garbled } from './garble.ts';
export { lostAnswer } from './lost-answer.ts';
export { MAX_LAG_MS, parseDial } from './parse-dial.ts';
