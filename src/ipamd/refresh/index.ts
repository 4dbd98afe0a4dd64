/** Facts outside the pool that change while the daemon runs, and what has to follow them. Level-triggered. */
export { type CareParts, EniCare } from './eni-care.ts';
export { VpcFacts } from './vpc-facts.ts';
