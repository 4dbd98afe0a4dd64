import { writeSync } from 'node:fs';
import pino from 'pino';
import { stderrIsJournal } from '../sys/index.ts';
import { describeError } from './describe-error.ts';
import { Journal } from './journal.ts';
import type { LogEntry, Logger, LogLevel } from './types.ts';

/** Least severity and the name of who logs. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly program: string;
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/**
 * A logger that writes JSON lines to stderr, synchronously: the last line before a crash is the one that matters. Logging
 * never fails: a line for which the disk has no room is lost.
 * An `error` field of type Error is written with its code, message, remedy and cause.
 */
export function createLogger(options: LoggerOptions): Logger {
  const sink = pino(
    {
      level: options.level,
      base: { program: options.program },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    { write: stderrWriter() },
  );
  return {
    debug: (message, fields = {}) => sink.debug(fields, message),
    info: (message, fields = {}) => sink.info(fields, message),
    warn: (message, fields = {}) => sink.warn(fields, message),
    error: (message, fields = {}) => sink.error(fields, message),
  };
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
export function createJournalLogger({ level, program }: LoggerOptions, journal: Journal): Logger {
  const at =
    (severity: LogLevel) =>
    (message: string, fields: LogEntry['fields'] = {}): void => {
      if (SEVERITY[severity] >= SEVERITY[level]) journal.write({ level: severity, program, message, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The journal's logger for a service of systemd, else JSON lines on stderr. `journalStream` is JOURNAL_STREAM. */
export function openLogger(options: LoggerOptions & { readonly journalStream: string | undefined }): Logger {
  if (!stderrIsJournal(options.journalStream)) return createLogger(options);
  return createJournalLogger(options, new Journal());
}
