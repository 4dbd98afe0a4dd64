/** What EC2 is asked for: more addresses and ENIs, and fewer; each direction a lane of its own. */
export { cidrsOf } from './cidrs.ts';
export { eniConfigsOfFile } from './eni-configs.ts';
export { grow } from './grow.ts';
export { Lane, type LaneParts } from './lane.ts';
export { type Permits, permitsOf, provisions } from './permits.ts';
export { Placement } from './placement.ts';
export { shrink } from './shrink.ts';
