/** Structured log lines, one JSON object each; journald keeps their fields. Only programs log, rooms below throw. */
export { createLogger, type LogFields, type Logger, type LogLevel } from './logger.ts';
