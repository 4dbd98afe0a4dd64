import type { Step } from '../hostspec/index.ts';
import type { Host } from './host.ts';
import type { Undo } from './undo.ts';

type VersionStep<K extends Step['kind']> = Extract<Step, { readonly kind: K }>;

/**
 * Keeps the payload of a build under another name. By second names of the same files, so that it costs no space, and in a
 * folder that is shown when it is whole.
 */
export function keepPayload({ files }: Host, { path, from }: VersionStep<'keep-payload'>): Undo {
  const draft = `${path}.tmp`;
  const link = (directory: string): void => {
    files.ensureDirectory(`${draft}${directory}`, 0o755);
    for (const name of files.list(`${from}${directory}`)) {
      const inner = `${directory}/${name}`;
      const { kind } = files.fact(`${from}${inner}`);
      if (kind === 'directory') link(inner);
      // What another step keeps for its own undo is no part of the payload.
      if (kind === 'file' && !name.startsWith('.')) files.keep(`${from}${inner}`, `${draft}${inner}`);
    }
  };
  files.removeTree(draft);
  try {
    link('');
    files.move(draft, path);
  } catch (error) {
    files.removeTree(draft);
    throw error;
  }
  return { kind: 'undo', run: () => files.removeTree(path) };
}

/** Removes a link; taking that back makes it again. */
export function removeLink({ files }: Host, { path, target }: VersionStep<'remove-link'>): Undo {
  files.remove(path);
  return { kind: 'undo', run: () => files.link({ path, target }) };
}
