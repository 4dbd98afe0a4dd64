import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where iptables has what it knows of matches and targets. */
const EXTENSIONS = ['/usr/lib/x86_64-linux-gnu/xtables', '/usr/lib/aarch64-linux-gnu/xtables', '/usr/lib64/xtables'];

/** The extensions of iptables with these names, as files of a guest. */
export function iptablesExtensions(names: readonly string[]): Readonly<Record<string, string>> {
  const folder = EXTENSIONS.find((path) => existsSync(path));
  if (folder === undefined) throw new Error('iptables has no extensions: run npm run setup');
  const wanted = new Set(names.flatMap((name) => [`libxt_${name}.so`, `libipt_${name}.so`]));
  const found = readdirSync(folder).filter((name) => wanted.has(name));
  return Object.fromEntries(found.map((name) => [join(folder, name), join(folder, name)]));
}
