import { HostError } from '../errors/index.ts';
import { CNI_NAME } from './environment.ts';
import { given, isObject, listAt, objectAt, optionalTextAt, textAt, wrongShape } from './parse-shape.ts';
import { type CniVersion, isCniVersion } from './versions.ts';

/** One attachment a GC call says is still in use. */
export interface ValidAttachment {
  readonly containerId: string;
  readonly ifName: string;
}

/** The network configuration of one plugin call: what the runtime took from the conflist, plus what it added. */
export interface NetConf {
  readonly cniVersion: CniVersion;
  readonly name: string;
  readonly type: string;
  readonly vethPrefix?: string;
  readonly mtu?: number;
  readonly pluginLogFile?: string;
  readonly pluginLogLevel?: string;
  /** Of egress-cni. */
  readonly enabled?: boolean;
  /** As it came; `parsePrevResult` reads it when a command needs it. */
  readonly prevResult?: unknown;
  /** What the runtime tells of the pod's annotations: our conflist asks for them as a capability. */
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** Only in a GC call. */
  readonly validAttachments?: readonly ValidAttachment[];
}

/** What every command needs before anything else; the plugin checks no more than this. */
export function parseNetConfHead(value: unknown): Pick<NetConf, 'cniVersion' | 'name' | 'type'> {
  const conf = objectAt(value, 'the configuration');
  // A configuration without a version is one of 0.1.0 by the specification.
  const cniVersion = optionalTextAt(conf['cniVersion'], 'cniVersion') ?? '0.1.0';
  if (!isCniVersion(cniVersion)) throw new HostError('CNI_VERSION', { version: cniVersion });
  const name = optionalTextAt(conf['name'], 'name');
  if (name === undefined) throw new HostError('CNI_CONFIG', { reason: 'name is missing' });
  if (!CNI_NAME.test(name)) wrongShape('name', `made of letters, digits, _ . -: "${name}"`);
  return { cniVersion, name, type: optionalTextAt(conf['type'], 'type') ?? '' };
}

function parseMtu(value: unknown): number | undefined {
  if (value === undefined || value === '') return undefined;
  const mtu = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof mtu === 'number' && Number.isInteger(mtu) && mtu >= 576 && mtu <= 9001
    ? mtu
    : wrongShape('mtu', `an integer from 576 to 9001: ${JSON.stringify(value)}`);
}

function parseFlag(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === '') return undefined;
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : wrongShape(path, 'true or false');
}

function parseVethPrefix(value: unknown): string | undefined {
  const prefix = optionalTextAt(value, 'vethPrefix');
  if (prefix === undefined || /^[A-Za-z][A-Za-z0-9]{0,3}$/.test(prefix)) return prefix;
  return wrongShape('vethPrefix', `one to four letters or digits: "${prefix}"`);
}

function parseAttachments(conf: Readonly<Record<string, unknown>>): readonly ValidAttachment[] | undefined {
  // libcni also sends an older, misspelt key; the one of the specification counts. Its empty list is null: nothing is valid.
  const key = ['cni.dev/valid-attachments', 'cni.dev/attachments'].find((name) => name in conf);
  if (key === undefined) return undefined;
  const value = conf[key];
  return listAt(value, 'cni.dev/valid-attachments').map((item, index) => {
    const path = `cni.dev/valid-attachments[${index}]`;
    const attachment = objectAt(item, path);
    return {
      containerId: textAt(attachment['containerID'], `${path}.containerID`),
      ifName: textAt(attachment['ifname'], `${path}.ifname`),
    };
  });
}

/** Annotations as texts; whatever else stands there is nobody's business here, and must not fail a DEL. */
function parseAnnotations(runtimeConfig: unknown): Readonly<Record<string, string>> | undefined {
  const told = isObject(runtimeConfig) ? runtimeConfig['io.kubernetes.cri.pod-annotations'] : undefined;
  if (!isObject(told)) return undefined;
  return Object.fromEntries(
    Object.entries(told).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

/** Reads a configuration; keys we do not know belong to the runtime or to others. Throws `CNI_VERSION` or `CNI_CONFIG`. */
export function parseNetConf(value: unknown): NetConf {
  const conf = objectAt(value, 'the configuration');
  return {
    ...parseNetConfHead(conf),
    ...given('vethPrefix', parseVethPrefix(conf['vethPrefix'])),
    ...given('mtu', parseMtu(conf['mtu'])),
    ...given('pluginLogFile', optionalTextAt(conf['pluginLogFile'], 'pluginLogFile')),
    ...given('pluginLogLevel', optionalTextAt(conf['pluginLogLevel'], 'pluginLogLevel')),
    ...given('enabled', parseFlag(conf['enabled'], 'enabled')),
    ...given('podAnnotations', parseAnnotations(conf['runtimeConfig'])),
    ...given('prevResult', conf['prevResult'] ?? undefined),
    ...given('validAttachments', parseAttachments(conf)),
  };
}
