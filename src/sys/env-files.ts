import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../errors/index.ts';

/** A settings file as it stands on disk. */
export interface EnvFileText {
  /** Path as the host sees it, without the root it was read under. */
  readonly path: string;
  readonly text: string;
}

const MAIN = '/etc/vpc-cni/vpc-cni.env';
const DROP_INS = '/etc/vpc-cni/conf.d';

function orAbsent<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    throw new HostError('FILE_FAILED', { action: 'read', path, reason: String(code) }, error);
  }
}

/** The settings files that exist under `root`: vpc-cni.env, then conf.d/*.env by name. Throws `FILE_FAILED`. */
export function readEnvFiles(root = '/'): readonly EnvFileText[] {
  const names = orAbsent(DROP_INS, () => readdirSync(join(root, DROP_INS))) ?? [];
  const dropIns = names.filter((name) => name.endsWith('.env') && !name.startsWith('.')).sort();
  return [MAIN, ...dropIns.map((name) => `${DROP_INS}/${name}`)].flatMap((path) => {
    const text = orAbsent(path, () => readFileSync(join(root, path), 'utf8'));
    return text === undefined ? [] : [{ path, text }];
  });
}
