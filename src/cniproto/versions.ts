import { HostError } from '../errors/index.ts';

/** CNI versions we speak, oldest first. Earlier ones have another result shape that no runtime in use asks for. */
export const CNI_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** A CNI version we speak. */
export type CniVersion = (typeof CNI_VERSIONS)[number];

/** The newest version, used where the caller named none we know. */
export const NEWEST_VERSION: CniVersion = '1.1.0';

/** What the runtime may ask of a plugin with a network configuration. */
const CNI_COMMANDS = ['ADD', 'DEL', 'CHECK', 'STATUS', 'GC'] as const;

/** A CNI command that reaches the daemon. */
export type CniCommand = (typeof CNI_COMMANDS)[number];

/** Reports whether we speak the version. */
export function isCniVersion(text: unknown): text is CniVersion {
  return CNI_VERSIONS.some((version) => version === text);
}

/** Reports whether `text` is a command that reaches the daemon. */
export function isCniCommand(text: unknown): text is CniCommand {
  return CNI_COMMANDS.some((command) => command === text);
}

/** Reports whether `version` is `least` or newer. */
export function atLeast(version: CniVersion, least: CniVersion): boolean {
  return CNI_VERSIONS.indexOf(version) >= CNI_VERSIONS.indexOf(least);
}

const INTRODUCED: Readonly<Record<CniCommand, CniVersion>> = {
  ADD: '0.3.0',
  DEL: '0.3.0',
  CHECK: '0.4.0',
  STATUS: '1.1.0',
  GC: '1.1.0',
};

/** Throws `CNI_VERSION` when the command came to CNI after the version the configuration is written for. */
export function requireCommandIn(command: CniCommand, version: CniVersion): void {
  const least = INTRODUCED[command];
  if (!atLeast(version, least))
    throw new HostError('CNI_VERSION', { version: `${version} (${command} came with ${least})` });
}

/** The answer to VERSION, in the version it was asked in where we speak that one. */
export function versionAnswer(asked: unknown): {
  readonly cniVersion: CniVersion;
  readonly supportedVersions: readonly CniVersion[];
} {
  return { cniVersion: isCniVersion(asked) ? asked : NEWEST_VERSION, supportedVersions: CNI_VERSIONS };
}
