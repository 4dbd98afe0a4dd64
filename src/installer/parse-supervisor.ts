import type { ProcessId } from '../sys/index.ts';

/** How the daemon's last life ended. */
export interface LastEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly at: string;
}

/** What the supervisor writes down: who it is, whom it keeps, and how that one fared. */
export interface SupervisorState {
  readonly supervisor: ProcessId;
  readonly child: ProcessId | null;
  /** How often the daemon has ended since the supervisor started. */
  readonly ends: number;
  readonly lastEnd: LastEnd | null;
}

function isProcess(value: unknown): value is ProcessId {
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return false;
  return Number.isInteger(value.pid) && Number(value.pid) > 1 && typeof value.startTime === 'string';
}

/** The state from its text; `undefined` when it is none: then nobody is signalled. */
export function parseSupervisorState(text: string): SupervisorState | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('supervisor' in value) || !('child' in value))
      return undefined;
    const known = isProcess(value.supervisor) && (value.child === null || isProcess(value.child));
    if (!known || !('ends' in value) || typeof value.ends !== 'number' || !('lastEnd' in value)) return undefined;
    return value as SupervisorState;
  } catch {
    return undefined;
  }
}

/** What the daemon answers about its readiness. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason: string | undefined;
}

/** Readiness from a status document; a daemon that says anything else is not ready. */
export function parseReadiness(value: unknown): Readiness {
  if (typeof value !== 'object' || value === null) return { ready: false, reason: undefined };
  const ready = 'ready' in value && value.ready === true;
  const reason = 'reason' in value && typeof value.reason === 'string' ? value.reason : undefined;
  return { ready, reason };
}

/** The words of a log line: `msg` and the error of a JSON line, otherwise the line itself. */
function parseLogLine(line: string): string {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('msg' in value)) return line;
    const error = 'error' in value && typeof value.error === 'object' && value.error !== null ? value.error : {};
    const message = 'message' in error ? `: ${String(error.message)}` : '';
    return `${String(value.msg)}${message}`;
  } catch {
    return line;
  }
}

/** The last thing a daemon said. A failure is told with its way out on a line of its own, which is not the cause. */
export function parseLastWords(lines: readonly string[]): string | undefined {
  const line = lines.findLast((text) => text.trim() !== '' && !text.startsWith('→'));
  return line === undefined ? undefined : parseLogLine(line);
}
