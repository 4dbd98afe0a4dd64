import { writeSync } from 'node:fs';
import pino from 'pino';
import { stderrIsJournal, systemClock } from '../sys/index.ts';
import { describeError } from './describe-error.ts';
import { Journal } from './journal.ts';
import { isWanted, LevelSwitch } from './level.ts';
import { LineLimit } from './rate-limit.ts';
import type { LogEntry, LogFields, Logger, LogLevel } from './types.ts';

/** Least severity, fixed or switched, and the name of who logs. */
export interface LoggerOptions {
  readonly level: LogLevel | LevelSwitch;
  readonly program: string;
}

/** Takes one line that is wanted. */
type Write = (level: LogLevel, message: string, fields: LogFields) => void;

/** A logger that passes on what its level wants; with a limit, no more than that of each kind of line. */
function loggerOf({ level }: LoggerOptions, write: Write, limit?: LineLimit): Logger {
  const switched = typeof level === 'string' ? new LevelSwitch(level) : level;
  const at =
    (severity: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (!isWanted(severity, switched.level)) return;
      const { passes, leftOut } = limit?.take(message, systemClock.monotonic()) ?? { passes: true, leftOut: [] };
      for (const { kind, count } of leftOut) write('warn', 'lines were left out', { line: kind, count });
      if (passes) write(severity, message, fields);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * A logger that writes JSON lines to stderr, synchronously: the last line before a crash is the one that matters. Logging
 * never fails: a line for which the disk has no room is lost.
 * An `error` field of type Error is written with its code, message, remedy and cause.
 */
export function createLogger(options: LoggerOptions, limit?: LineLimit): Logger {
  const sink = pino(
    {
      level: 'debug',
      base: { program: options.program },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    { write: stderrWriter() },
  );
  return loggerOf(options, (level, message, fields) => sink[level](fields, message), limit);
}

/** A pipe that nobody reads holds a line up for so long, and no longer. */
const PIPE_WAIT_MS = 100;

/** Writes whole lines, or loses them; the rest of one that was cut off is ended by the next. */
function stderrWriter(): (line: string) => void {
  let torn = false;
  return (line) => {
    let bytes = Buffer.from(torn ? `\n${line}` : line);
    const whole = bytes.length;
    const until = performance.now() + PIPE_WAIT_MS;
    while (bytes.length > 0)
      try {
        bytes = bytes.subarray(writeSync(2, bytes));
      } catch (error) {
        if (Object(error).code !== 'EAGAIN' || performance.now() > until) break;
        Bun.sleepSync(1);
      }
    torn = bytes.length > 0 && (torn || bytes.length < whole);
  };
}

/** A logger whose lines are journal entries with a field each, and read as plain text. */
export function createJournalLogger(options: LoggerOptions, journal: Journal, limit?: LineLimit): Logger {
  const { program } = options;
  const write = (level: LogLevel, message: string, fields: LogEntry['fields']): void =>
    journal.write({ level, program, message, fields });
  return loggerOf(options, write, limit);
}

/**
 * The journal's logger for a service of systemd, else JSON lines on stderr. `journalStream` is JOURNAL_STREAM. Of one kind of
 * line it lets pass what anybody can read; how many were left out is told.
 */
export function openLogger(options: LoggerOptions & { readonly journalStream: string | undefined }): Logger {
  const limit = new LineLimit();
  if (!stderrIsJournal(options.journalStream)) return createLogger(options, limit);
  return createJournalLogger(options, new Journal(), limit);
}
