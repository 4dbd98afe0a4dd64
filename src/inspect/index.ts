/**
 * What an operator asks about this host: facts read from the daemon, from files and from systemd, put together and
 * printed. Reads only, and works where nothing is installed.
 */
export { BOUNDS, type Bounds, type BundleHost, collect, type Entry, type Missing } from './bundle/collect.ts';
export { type BundleManifest, bundleName, packBundle } from './bundle/pack.ts';
export { hideAccounts, redactAs, type TextKind } from './bundle/redact.ts';
export { SOURCES, type Source, type SourceGroup } from './bundle/sources.ts';
export type { AwsFacts } from './doctor/aws.ts';
export type { BootFacts } from './doctor/boot.ts';
export { type DoctorFacts, diagnose, hasFaults, type SettingsFacts } from './doctor/diagnose.ts';
export type { Repair, Severity } from './doctor/entry.ts';
export { FINDING_CODES, FINDINGS, type Finding, type FindingCode, isOfNode, repairOf } from './doctor/finding.ts';
export { observeConflists, observeDropIns, observeImage, observePlugins, observeRivals } from './doctor/observe.ts';
export { observeAws } from './doctor/observe-aws.ts';
export { type NodePlace, observeOwnNetwork } from './doctor/observe-network.ts';
export { observeSandboxes } from './doctor/observe-sandboxes.ts';
export { observeHotplug, observeSurroundings } from './doctor/observe-surroundings.ts';
export { renderFindings } from './doctor/render.ts';
export { DOCTOR_SCHEMA } from './doctor/schema.ts';
export { type AddressExplanation, explainAddress } from './explain/address.ts';
export { readHistory } from './explain/history.ts';
export { lookInside, withInside } from './explain/inside.ts';
export { readNotes, unreadIn, withDaemon } from './explain/memory.ts';
export { explainNode, type NodeExplanation } from './explain/node.ts';
export { findPod, missingOn, pathOf, podInterfaces } from './explain/pod.ts';
export { renderAddress, renderNode, renderPaths, renderSetting } from './explain/render.ts';
export { explainSetting, type SettingExplanation, settingNamed } from './explain/setting.ts';
export { type HostStatus, observeStatus } from './observe-status.ts';
export { observeUnit } from './observe-unit.ts';
export { STATUS_SCHEMA } from './parse-status.ts';
export { fetchOutlook, fetchStatus } from './read-daemon.ts';
export { renderStatus } from './render-status.ts';
export { redraw, type Screen, screenOf } from './screen.ts';
