import { accessSync, constants, copyFileSync, existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Where a distribution has the plugins that others call. */
const STOCK_PLUGINS = '/usr/lib/cni';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Another CNI plugin that is to be measured. */
export interface PeerPlugin {
  readonly name: string;
  readonly executable: string;
  /** The plugin that it calls for addresses, where that lies beside it. */
  readonly ipam: string | undefined;
  readonly config: Json;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`--peer-conf cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function requireProgram(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new Error(`--peer needs an executable, and "${path}" is none`);
  }
  if (!statSync(path).isFile()) throw new Error(`--peer needs an executable, and "${path}" is none`);
}

/**
 * Reads what another plugin is called with: a configuration as a runtime would hand it to that one plugin, or a list of it
 * alone. Throws an Error in words for the command line.
 */
export function readPeer(executable: string, conf: string): PeerPlugin {
  requireProgram(executable);
  const name = basename(executable);
  const file = readJson(conf);
  if (!isObject(file)) throw new Error(`--peer-conf needs an object, which "${conf}" does not hold`);
  const { plugins, ...head } = file;
  const list: readonly unknown[] = plugins === undefined ? [{}] : Array.isArray(plugins) ? plugins : [];
  const [own] = list;
  if (list.length !== 1 || !isObject(own))
    throw new Error(`--peer-conf needs the configuration of one plugin, and "${conf}" lists ${list.length}`);
  const config: Json = { ...head, ...own };
  for (const key of ['cniVersion', 'name', 'type'])
    if (typeof config[key] !== 'string' || config[key] === '')
      throw new Error(`--peer-conf needs ${key}, which "${conf}" does not tell`);
  if (config['type'] !== name) throw new Error(`"${conf}" is for the plugin "${config['type']}", not for "${name}"`);
  const ipam = isObject(config['ipam']) ? config['ipam']['type'] : undefined;
  const beside = typeof ipam === 'string' && /^[\w.-]+$/.test(ipam) ? join(dirname(executable), ipam) : undefined;
  return { name, executable, config, ipam: beside !== undefined && existsSync(beside) ? beside : undefined };
}

/** Where a node finds the plugin: its own /opt/cni is empty, whatever this machine's holds. */
export interface PlacedPeer {
  readonly name: string;
  readonly executable: string;
  readonly path: string;
  readonly config: Json;
}

/** Copies the plugin, and the one it calls, into a folder of their own, which the caller removes. */
export function placePeer({ name, executable, ipam, config }: PeerPlugin): PlacedPeer {
  const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-peer-'));
  for (const file of ipam === undefined ? [executable] : [executable, ipam])
    copyFileSync(file, join(folder, basename(file)));
  return { name, executable: join(folder, name), path: `${folder}:${STOCK_PLUGINS}`, config };
}
