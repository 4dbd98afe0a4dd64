import { type HostError, toHostError } from '../errors/index.ts';
import type { Logger } from '../log/index.ts';
import type { Files } from '../sys/index.ts';

/** Reports whether the request itself is at fault: such a one will not become readable by being tried again. */
const isUnreadable = ({ code, retry }: HostError): boolean => code.startsWith('CNI_') && retry === 'never';

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Replays the DELs a plugin kept while the daemon was away, oldest first, and removes each once it is done. One that
 * fails stays for the next replay; one that cannot be read is kept under another name, in case somebody wants to see it.
 * Never throws.
 */
export function replaySpool(parts: Spool): void {
  try {
    replayAll(parts);
  } catch (error) {
    parts.logger.warn('kept DELs cannot be looked at, trying again', { error: toHostError(error) });
  }
}

interface Spool {
  readonly files: Files;
  readonly directory: string;
  readonly logger: Logger;
  readonly replay: (request: unknown) => void;
}

function replayAll(parts: Spool): void {
  const { files, directory, logger } = parts;
  for (const name of files.list(directory).filter((entry) => entry.endsWith('.json'))) {
    const path = `${directory}/${name}`;
    const text = files.read(path);
    // The plugin took it back: the daemon answered after all.
    if (text === undefined) continue;
    try {
      parts.replay(parse(text));
    } catch (caught) {
      const error = toHostError(caught);
      if (!isUnreadable(error)) {
        logger.warn('a kept DEL failed and stays for another try', { error, path });
        continue;
      }
      files.replace({ path: `${path}.refused`, text, mode: 0o600 });
      logger.error('a kept DEL cannot be read and is set aside', { error, path });
    }
    files.remove(path);
  }
}
