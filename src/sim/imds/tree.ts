/** What a path of the metadata service holds: a text, bytes, or a directory of more. */
export type Entry = string | Uint8Array | Directory;

/** A directory, read when it is asked for. A name maps to nothing when the instance has no such fact. */
export type Directory = () => Readonly<Record<string, Entry | undefined>>;

/** The answer to a path: its text, its bytes, or that there is nothing. */
export type Found =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'nothing' };

const NOTHING: Found = { kind: 'nothing' };

/** The list of versions and that of a version show no slashes behind directories, the trees below do. */
const BARE_LEVELS = 2;

/**
 * Follows a path from a directory. As on EC2 a listing names one entry a line; it is given with and without the slash
 * at the end of the path, a text only without.
 */
export function findEntry(root: Directory, path: string): Found {
  const steps = path.split('/');
  const slash = steps.at(-1) === '';
  if (slash) steps.pop();
  let entry: Entry = root;
  for (const step of steps) {
    if (typeof entry !== 'function') return NOTHING;
    const entries: ReturnType<Directory> = entry();
    const next: Entry | undefined = Object.hasOwn(entries, step) ? entries[step] : undefined;
    if (next === undefined) return NOTHING;
    entry = next;
  }
  if (typeof entry === 'function') return { kind: 'text', text: listing(entry, steps.length < BARE_LEVELS ? '' : '/') };
  if (slash) return NOTHING;
  return typeof entry === 'string' ? { kind: 'text', text: entry } : { kind: 'bytes', bytes: entry };
}

function listing(directory: Directory, mark: string): string {
  return Object.entries(directory())
    .filter(([, entry]) => entry !== undefined)
    .map(([name, entry]) => (typeof entry === 'function' ? `${name}${mark}` : name))
    .sort()
    .join('\n');
}
