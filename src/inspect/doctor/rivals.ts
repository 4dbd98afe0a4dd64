import { type Finding, finding } from './finding.ts';

/**
 * Links that start nm-cloud-setup: its service and timer as their [Install] sections enable them. It writes rules and tables
 * for every address EC2 knows of and takes others' away, and has no setting that would leave ours alone.
 */
export const RIVAL_LINKS: readonly string[] = [
  '/etc/systemd/system/NetworkManager.service.wants/nm-cloud-setup.service',
  '/etc/systemd/system/timers.target.wants/nm-cloud-setup.timer',
];

/** What is enabled that removes rules of pods, by the links that are there. */
export function diagnoseRivals(links: readonly string[]): readonly Finding[] {
  return links.map((link) => finding('NM_CLOUD_SETUP', `${link} starts it at boot`));
}
