/**
 * What a host of ours must look like, as values: files, links, the unit, sysctls and the conflist, and the typed steps
 * from what is there to what is wanted. Pure; the installer and the daemon carry it out.
 */

export { checkManifest, type InstalledFault } from './check-installed.ts';
export { CHECKSUM_FILES, type Checksum, readChecksum, readChecksumFile } from './checksum.ts';
export { type ConflistSettings, renderConflist, wantedConflist } from './conflist.ts';
export { changesDaemon, diffDaemon, type Foreign, FRESH, type Plan, type Staleness } from './diff.ts';
export { diffBoot, NOTHING_OF_BOOT, type WantedBoot, wantedDirectories } from './diff-boot.ts';
export { diffEntries } from './diff-entries.ts';
export {
  DROP_IN_PATHS,
  type DropIn,
  type DropInSettings,
  dropInEntries,
  dropIns,
  type NetworkProgram,
} from './drop-ins.ts';
export { EGRESS_IPAM, type EgressSettings, egressFamily } from './egress.ts';
export { diffHandback } from './handback.ts';
export { isKnown, type Known, knownEntries } from './known.ts';
export { isKubeletTarget, KUBELET_FILES, type KubeletTarget, kubeletEntries, kubeletPath } from './kubelet.ts';
export { keptBuild, type ObservedVersions, planVersions, type VersionPlan, weaveVersions } from './life-cycle.ts';
export {
  MODULES_OF_ANY_KERNEL,
  renderModulesDropIn,
  WANTED_MODULES,
  type WantedModule,
  wantedModules,
} from './modules.ts';
export {
  type DaemonState,
  type FilterBackend,
  type ForwardPolicy,
  type ModuleState,
  type ObservedBoot,
  type ObservedEntry,
  type Owner,
  ROOT,
} from './observed.ts';
export { isOurLink, isOurText, MARK } from './owned.ts';
export { type Conflist, type ConflistPlugin, parseConflistText } from './parse-conflist.ts';
export { type ForeignConflist, parseForeignConflist } from './parse-foreign-conflist.ts';
export {
  EMPTY_RECORD,
  type HostRecord,
  type Manifest,
  type ManifestFile,
  type PendingEntry,
  parseHostRecord,
  parseManifest,
  renderDocument,
  type Stamp,
} from './parse-manifest.ts';
export { earlierConflists, parseRival } from './parse-rival.ts';
export { parseTakeoverMark, renderTakeoverMark, type TakeoverMark } from './parse-takeover.ts';
export {
  besidePath,
  CONFLIST_PATH,
  isInHome,
  manifestPath,
  PATHS,
  payloadDirectory,
  sysctlPath,
  UNIT_NAME,
} from './paths.ts';
export {
  choosePlugins,
  type PluginAbout,
  type PluginCandidate,
  type PluginChoice,
  readPluginAbout,
  UNKNOWN_PLUGIN,
} from './plugin-choice.ts';
export { OPTIONAL_PLUGINS, OWN_PLUGINS, REQUIRED_PLUGINS } from './plugins.ts';
export { type Preflight, type PreflightFacts, preflight, type Rival } from './preflight.ts';
export { recordSteps, settleRuns } from './record.ts';
export { type RegionClaim, regionClaims, regionOfEndpoint } from './region.ts';
export {
  describeReload,
  RELOADED_UNITS,
  type Reloaded,
  type ReloadedPrograms,
  type ReloadStep,
  reloadSteps,
} from './reload-step.ts';
export { diffRemoval, type NodeAfter, type ObservedInstall } from './removal.ts';
export { describeRemoval, type RemovalStep, removalTarget } from './removal-step.ts';
export { METRICS_PORT, portsWithoutOurs, withPorts } from './reserved-ports.ts';
export { describeStep, forwardChain, type Keeper, renderStep, type Step, stepTarget } from './step.ts';
export { supportEntries } from './support.ts';
export {
  forwardedFamilies,
  renderSysctlDropIn,
  type SysctlSettings,
  sysctlName,
  type WantedSysctl,
  wantedSysctls,
  wantedValue,
} from './sysctl.ts';
export {
  type AdoptDecision,
  AWS_NODE,
  decideAdopt,
  describeOthers,
  type ObservedTakeover,
  type OtherIpamd,
  type SettingDifference,
  type TakeoverState,
} from './takeover.ts';
export { describeTakeover, type TakeoverStep } from './takeover-step.ts';
export { renderUnit } from './unit.ts';
export { eniFilePaths, eniFiles } from './unmanaged-eni.ts';
export { parseVersion } from './version.ts';
export { directoryEntries, type ProgramSource, type WantedEntry, wantedEntries } from './wanted.ts';
