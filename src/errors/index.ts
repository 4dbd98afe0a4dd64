/**
 * The catalogue of failures. Every code has one sentence that names the object, one way out, and says whether trying
 * again can help. Rooms throw `HostError`; programs print it; the CNI border maps it to a number once.
 */
export { CATALOGUE, type ErrorCode, isErrorCode } from './catalogue.ts';
export { type Details, type Entry, HostError, type Retry, toHostError } from './host-error.ts';
