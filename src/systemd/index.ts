/** systemd as seen from a service and from an installer: readiness notices, and the few unit verbs we need. */
export { leaveToUs, observePrograms, reloadProgram, runningPrograms } from './network-programs.ts';
export { type Notice, notify } from './notify.ts';
export {
  forgetUnit,
  isSystemdRunning,
  lastJournalLines,
  reloadUnits,
  startUnit,
  stopUnit,
  type UnitRuns,
  unitRuns,
} from './units.ts';
