/**
 * The CNI protocol as values: environment, network configuration, results of every version, errors with their numbers.
 * Pure, and light: the plugin loads all of it on each call.
 */
export { type CniArgs, parseCniArgs } from './args.ts';
export { type CniEnvironment, parseCniEnvironment, readCniEnvironment } from './environment.ts';
export { type CniError, cniNumber, renderError } from './error.ts';
export { askedFor, FIRST_INTERFACE, FURTHER_NICS, nicIndex, nicName } from './nic-names.ts';
export { OUTLOOK_PATH, type OutlookAction, type OutlookDocument } from './outlook.ts';
export { type CniCall, type CniRequest, type PluginName, parseCniCall } from './parse-call.ts';
export { type NetConf, parseNetConf, parseNetConfHead, type ValidAttachment } from './parse-netconf.ts';
export { parsePrevResult } from './parse-prev-result.ts';
export {
  type AddResult,
  appendResult,
  type ResultDns,
  type ResultInterface,
  type ResultIp,
  type ResultRoute,
  renderResult,
} from './result.ts';
export {
  STATUS_PATH,
  type StatusAddress,
  type StatusBalance,
  type StatusCall,
  type StatusCondition,
  type StatusDocument,
  type StatusEni,
} from './status.ts';
export {
  CNI_VERSIONS,
  type CniCommand,
  type CniVersion,
  isCniCommand,
  isCniVersion,
  NEWEST_VERSION,
  requireCommandIn,
  versionAnswer,
} from './versions.ts';
