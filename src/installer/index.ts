/**
 * Puts the product on a host and takes it off: observe, plan, apply, verify. A second run finds nothing to do, a failed
 * step is taken back or named, and what was there before us is given back by uninstall.
 */
export {
  type AdoptPlan,
  type AdoptProgress,
  type AdoptReport,
  type AdoptRequest,
  type AdoptStep,
  adopt,
  planAdopt,
} from './adopt.ts';
export type { DoneStep, Progress } from './apply.ts';
export { checkInstalled, type InstalledCheck } from './check-installed.ts';
export { handback, planHandback } from './handback.ts';
export { type Host, openHost, readSettings } from './host.ts';
export { type InstallReport, install, planInstall } from './install.ts';
export { tellKubelet } from './kubelet.ts';
export { findOtherIpamd } from './other-ipamd.ts';
export type { InstallPlan, InstallRequest, Stage } from './plan.ts';
export { findPodRoom, type PodRoomQuestion } from './pod-room.ts';
export { findPrevious, type RollbackTarget } from './rollback.ts';
export { restartPause, superviseDaemon } from './supervisor.ts';
export {
  type DoneRemoval,
  planUninstall,
  type RemovalProgress,
  type UninstallRequest,
  uninstall,
} from './uninstall.ts';
