import { AWS_FINDINGS } from './aws-findings.ts';
import type { FindingEntry, Repair, Severity } from './entry.ts';
import { NODE_FINDINGS } from './node-findings.ts';

const AGAIN = 'run "vpc-cni install", which puts it back';
const FORCE = '"vpc-cni install --force" puts ours back';
const BOOT = 'run "vpc-cni install --stage boot" and find out who changed it since the boot';
const TAKE_OVER =
  'remove the line of the other file, or the file, or say the same in one that sorts last and is yours to keep';

/** Findings about what was installed, this boot, the daemon, and images. */
const OWN_FINDINGS = {
  NOT_INSTALLED: {
    severity: 'fault',
    means: 'nothing of ours is on this host',
    remedy: 'run "vpc-cni install", in an image "vpc-cni install --stage image"',
  },
  HANDED_BACK: {
    severity: 'note',
    means: 'the node was given back to aws-node, so nothing of ours is to serve here; nothing else is looked at',
    remedy:
      'once aws-node serves, "vpc-cni uninstall" removes what is left of ours; "vpc-cni adopt" takes the node over again',
  },
  MANIFEST_UNREADABLE: {
    severity: 'fault',
    means: 'the list of what was installed cannot be read, so nothing can be compared',
    remedy: 'run "vpc-cni install" of the same version: it writes the list anew',
  },
  RECORD_UNREADABLE: {
    severity: 'fault',
    means: 'what uninstall gives back cannot be read, so install, uninstall and each boot stop before any change',
    remedy:
      'put the file back from a backup; if there is none, move it away: uninstall then removes our files, and leaves sysctls and replaced files as they are',
  },
  INSTALLED_MISSING: {
    severity: 'fault',
    means: 'something that was installed is gone',
    remedy: AGAIN,
    repair: 'install',
  },
  INSTALLED_CHANGED: {
    severity: 'fault',
    means: 'a file is not as it was installed',
    remedy: '"vpc-cni install --force" puts ours back; a change you want belongs into a drop-in or a setting',
  },
  INSTALLED_KIND: {
    severity: 'fault',
    means: 'something else stands where ours was',
    remedy: '"vpc-cni install --force" puts ours back; a directory must be moved away first',
  },
  INSTALLED_MODE: { severity: 'fault', means: 'a file may be used by others than it should', remedy: FORCE },
  INSTALLED_OWNER: { severity: 'fault', means: 'a file belongs to somebody else than root', remedy: FORCE },
  INSTALLED_TARGET: {
    severity: 'fault',
    means: 'a link leads elsewhere than it was installed',
    remedy: FORCE,
  },
  UNIT_NOT_ENABLED: {
    severity: 'fault',
    means: 'the daemon does not start at boot',
    remedy: 'run "systemctl enable vpc-cni-ipamd"; in an image find the preset or script that disabled it',
    repair: 'enable-unit',
  },
  UNIT_MASKED: {
    severity: 'fault',
    means: 'systemd is told never to start the daemon',
    remedy: 'run "systemctl unmask vpc-cni-ipamd", then "vpc-cni install"',
  },
  SETTINGS_INVALID: {
    severity: 'fault',
    means: 'the daemon would refuse to start with these settings',
    remedy: 'correct them; "vpc-cni config check" says the same, docs/configuration.md lists what is allowed',
  },
  PLUGIN_MISSING: {
    severity: 'fault',
    means: 'a plugin that every pod needs is not there or cannot be run',
    remedy: 'run "vpc-cni install", with --plugins when the distribution has none',
  },
  PLUGIN_FOREIGN: {
    severity: 'note',
    means: 'a stock plugin was there before us and is used instead of ours',
    remedy: 'nothing to do; "vpc-cni install --force" takes ours',
  },
  CONFLIST_RIVAL: {
    severity: 'fault',
    means:
      "another CNI's configuration comes first: the runtime takes the first by name, and pods get no address of the VPC",
    remedy: 'remove it, and stop what writes it',
  },
  CONFLIST_STALE: {
    severity: 'fault',
    means: 'the conflist is of an earlier boot: the node looks ready before it is',
    remedy: 'run "vpc-cni install --stage boot" and look at why the unit did not: systemctl status vpc-cni-ipamd',
  },
  CONFLIST_INVALID: {
    severity: 'fault',
    means: 'the conflist is not what the daemon wrote',
    remedy: 'remove it and run "systemctl restart vpc-cni-ipamd", which writes it anew',
  },
  DROPIN_OVERRIDDEN: {
    severity: 'fault',
    means: 'a file that sorts after ours takes back what ours says: links, routes or rules of pods will be changed',
    remedy: TAKE_OVER,
  },
  NM_CLOUD_SETUP: {
    severity: 'fault',
    means: 'nm-cloud-setup takes the rules of pods away every few minutes',
    remedy: 'run "systemctl disable --now nm-cloud-setup.service nm-cloud-setup.timer" and reboot',
  },
  SYSCTL_OVERRIDDEN: {
    severity: 'warning',
    means: 'a sysctl file that sorts after ours says another value: it counts whenever the files are read again',
    remedy: TAKE_OVER,
  },
  SYSCTL_WRONG: {
    severity: 'fault',
    means: 'a kernel setting pods depend on has another value',
    remedy: BOOT,
    repair: 'boot-stage',
  },
  FORWARD_DROPPED: {
    severity: 'fault',
    means: 'the kernel drops forwarded packets, and all packets of pods are forwarded',
    remedy: `${BOOT}; Docker does`,
    repair: 'boot-stage',
  },
  MODULE_NOT_LOADED: {
    severity: 'warning',
    means: 'a kernel module is loaded only when it is first asked for',
    remedy: BOOT,
    repair: 'boot-stage',
  },
  BOOT_STAGE_NOT_RUN: {
    severity: 'fault',
    means: 'nothing prepared this boot',
    remedy: 'start the unit: systemctl start vpc-cni-ipamd; without systemd run "vpc-cni install"',
  },
  BOOT_STAGE_DUE: {
    severity: 'warning',
    means: 'the boot stage would change more',
    remedy: BOOT,
    repair: 'boot-stage',
  },
  BOOT_STAGE_STOPPED: {
    severity: 'fault',
    means: 'the boot stage could not do its work now',
    remedy: 'see docs/errors.md for the code in the evidence',
  },
  DAEMON_DOWN: {
    severity: 'fault',
    means: 'nobody answers for pods: new ones get no address',
    remedy:
      'read "journalctl -u vpc-cni-ipamd", then "systemctl restart vpc-cni-ipamd", without systemd /run/vpc-cni/ipamd.log, then "vpc-cni install"; pods do not notice',
  },
  DAEMON_NOT_READY: {
    severity: 'fault',
    means: 'the daemon runs and cannot hand out an address',
    remedy: 'remove the cause in the evidence; "vpc-cni status" shows more',
  },
  DAEMON_OTHER_VERSION: {
    severity: 'warning',
    means: 'the daemon that runs is of another version than the one installed',
    remedy: 'run "systemctl restart vpc-cni-ipamd", without systemd "vpc-cni install"; pods do not notice',
  },
  IMAGE_CONFLIST: {
    severity: 'fault',
    means: 'each node of this image would look ready before it has an address',
    remedy: 'remove it from the image, and do not start the daemon while it is made',
  },
  IMAGE_RUN_STATE: {
    severity: 'fault',
    means: 'the daemon or the boot stage ran while the image was made',
    remedy: 'stop the unit and remove the path before the image is taken; run only "vpc-cni install --stage image"',
  },
  IMAGE_ENI_FILE: {
    severity: 'fault',
    means: "the image knows the builder's network interfaces",
    remedy: 'remove the file before the image is taken',
  },
  IMAGE_UNIT_STARTED: {
    severity: 'fault',
    means: 'the daemon runs while the image is made',
    remedy: 'run "systemctl stop vpc-cni-ipamd" and remove /run/vpc-cni: the unit is to be enabled, not started',
  },
  IMAGE_CNI_CACHE: {
    severity: 'warning',
    means: 'the runtime noted pods of the builder',
    remedy: 'empty the directory before the image is taken; the boot stage does so too',
  },
  IMAGE_FIRST_BOOT: {
    severity: 'warning',
    means: 'systemd will take the first start of each node for a first boot and set every unit to its preset',
    remedy: 'make /etc/machine-id an empty file: truncate --size 0 /etc/machine-id; not cloud-init clean --machine-id',
  },
  IMAGE_MACHINE_ID: {
    severity: 'note',
    means: 'every node of the image would have the same machine id',
    remedy: 'empty it as the last step: truncate --size 0 /etc/machine-id',
  },
} as const satisfies Readonly<Record<string, FindingEntry>>;

/** Everything `doctor` can find. */
export const FINDINGS = {
  ...OWN_FINDINGS,
  ...NODE_FINDINGS,
  ...AWS_FINDINGS,
  CHECK_SKIPPED: {
    severity: 'note',
    means: 'a group of checks could not be made',
    remedy: 'run it as root; else see docs/errors.md for the code in the evidence',
  },
} as const satisfies Readonly<Record<string, FindingEntry>>;

/** The stable name of a finding. */
export type FindingCode = keyof typeof FINDINGS;

/** Every one, in the order of the page about them. */
export const FINDING_CODES: readonly FindingCode[] = Object.keys(FINDINGS).filter(
  (code): code is FindingCode => code in FINDINGS,
);

/** One thing that is not as it should be: on which object, with which value, and what to do. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly evidence: string;
  readonly remedy: string;
}

/** A finding of the catalogue; what says of itself what to do has its own remedy. */
export function finding(code: FindingCode, evidence: string, own?: string): Finding {
  const { severity, remedy } = FINDINGS[code];
  return { code, severity, evidence, remedy: own ?? remedy };
}

/** Reports whether a finding is about the state of a running node, which changes all the time. */
export const isOfNode = (code: FindingCode): boolean => Object.hasOwn(NODE_FINDINGS, code);

/** What `doctor --fix` does about a finding; `undefined` where a person must decide. */
export function repairOf(code: FindingCode): Repair | undefined {
  const entry: FindingEntry = FINDINGS[code];
  return entry.repair;
}
