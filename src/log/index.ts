/**
 * Structured log lines: native journal entries in a service of systemd, else a JSON object each on stderr. Only programs
 * log, rooms below throw.
 */
export { Journal } from './journal.ts';
export { encodeEntry, journalFields, readableText } from './journal-entry.ts';
export { LevelSwitch } from './level.ts';
export { createJournalLogger, createLogger, type LoggerOptions, openLogger } from './logger.ts';
export { LineLimit } from './rate-limit.ts';
export type { LogEntry, LogFields, Logger, LogLevel } from './types.ts';
