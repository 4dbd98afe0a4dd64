import type { Logger } from '../log/index.ts';
import type { Files } from '../sys/index.ts';

/**
 * Replays the DELs a plugin kept while the daemon was away, oldest first, and removes each once it is done. A request
 * that cannot be read is kept under another name: it will not become readable, and somebody may want to see it.
 */
export function replaySpool(parts: {
  readonly files: Files;
  readonly directory: string;
  readonly logger: Logger;
  readonly replay: (request: unknown) => void;
}): number {
  const { files, directory, logger } = parts;
  const names = files.list(directory).filter((name) => name.endsWith('.json'));
  for (const name of names) {
    const path = `${directory}/${name}`;
    const text = files.read(path) ?? '';
    try {
      parts.replay(JSON.parse(text));
    } catch (error) {
      files.replace({ path: `${path}.refused`, text, mode: 0o600 });
      logger.error('a kept DEL cannot be carried out and is set aside', { error, path });
    }
    files.remove(path);
  }
  return names.length;
}
