import { appendFileSync, mkdirSync } from 'node:fs';

/** One line for whoever looks for a pod that did not start. */
export interface LogLine {
  readonly level: 'warn' | 'error';
  readonly command: string;
  readonly containerId: string;
  readonly text: string;
  readonly time: string;
}

/** Where the network configuration wants the plugin to log. */
interface LogTarget {
  readonly file: string;
  readonly level: string;
}

/** Reads `pluginLogFile` and `pluginLogLevel`; a call that failed early may have none, and then stderr takes the line. */
function logTargetOf(config: unknown): LogTarget {
  const keys =
    typeof config === 'object' && config !== null ? new Map<string, unknown>(Object.entries(config)) : new Map();
  const text = (key: string): string => {
    const value: unknown = keys.get(key);
    return typeof value === 'string' ? value : '';
  };
  return { file: text('pluginLogFile'), level: text('pluginLogLevel').toLowerCase() };
}

/**
 * Writes the line where the configuration wants it; what it returns is for stderr instead, which a runtime keeps. Only what
 * went wrong is logged here: the daemon logs every call it gets.
 */
export function writeLog(config: unknown, line: LogLine): string | undefined {
  const target = logTargetOf(config);
  if (line.level === 'warn' && (target.level === 'error' || target.level === 'fatal')) return undefined;
  const { level, time, command, containerId, text } = line;
  const json = `${JSON.stringify({ level, time, command, container_id: containerId, msg: text })}\n`;
  if (!target.file.startsWith('/')) return json;
  try {
    mkdirSync(target.file.slice(0, target.file.lastIndexOf('/')) || '/', { recursive: true, mode: 0o755 });
    appendFileSync(target.file, json, { mode: 0o640 });
    return undefined;
  } catch {
    // A pod must not fail because its plugin cannot log.
    return json;
  }
}
