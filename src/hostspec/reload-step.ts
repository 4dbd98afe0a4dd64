import { PATHS } from './paths.ts';

/** Programs that are told of changed files while they run. */
export type Reloaded = 'systemd-networkd' | 'systemd-udevd' | 'NetworkManager' | 'amazon-ec2-net-utils';

/** One running program made to notice what has changed. */
export interface ReloadStep {
  readonly kind: 'reload-program';
  readonly program: Reloaded;
  /** What systemd-networkd reads only at its start needs a restart; it leaves links and addresses as they are. */
  readonly how: 'reload' | 'restart' | 'stop-timers';
}

/** The units whose activity says that a program runs. */
export const RELOADED_UNITS: Readonly<Record<Reloaded, string>> = {
  'systemd-networkd': 'systemd-networkd.service',
  'systemd-udevd': 'systemd-udevd.service',
  NetworkManager: 'NetworkManager.service',
  // A timer per interface; systemctl takes the pattern.
  'amazon-ec2-net-utils': 'refresh-policy-routes@*.timer',
};

/** Programs that run, as a set of them or a map by them. */
export type ReloadedPrograms = Pick<ReadonlySet<Reloaded>, 'has'>;

/** What a reload does, in one line. */
export function describeReload({ program, how }: ReloadStep): string {
  switch (how) {
    case 'reload':
      return `make ${program} read its configuration again`;
    case 'restart':
      return `restart ${program}, which reads this configuration only at its start`;
    case 'stop-timers':
      return `stop the timers with which ${program} would add addresses and rules again`;
    default:
      return how satisfies never;
  }
}

/** The steps after which running programs know what changed in these paths; none for programs that do not run. */
export function reloadSteps(input: {
  readonly changed: readonly string[];
  readonly running: ReloadedPrograms;
}): readonly ReloadStep[] {
  const { changed, running } = input;
  const has = (...paths: readonly string[]): boolean => paths.some((path) => changed.includes(path));
  const step = (when: boolean, program: Reloaded, how: ReloadStep['how']): readonly ReloadStep[] =>
    when && running.has(program) ? [{ kind: 'reload-program', program, how }] : [];
  const restart = has(PATHS.networkdDropIn);
  const network = changed.some((path) => path.startsWith(`${PATHS.networkDirectory}/`) && path.endsWith('.network'));
  const networkManager = changed.some((path) => path.startsWith(`${PATHS.networkManagerDirectory}/`));
  return [
    ...step(has(PATHS.linkDropIn, PATHS.policyRoutesRules), 'systemd-udevd', 'reload'),
    ...step(has(PATHS.policyRoutesRules), 'amazon-ec2-net-utils', 'stop-timers'),
    ...step(restart, 'systemd-networkd', 'restart'),
    ...step(network && !restart, 'systemd-networkd', 'reload'),
    ...step(networkManager, 'NetworkManager', 'reload'),
  ];
}
