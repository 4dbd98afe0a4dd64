import pino from 'pino';
import { HostError } from '../errors/index.ts';

/** Severities, least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Fields of a line: fixed names such as `eni_id`, `pod_ip`, `container_id`, `duration_ms`; never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A catalogued failure says all in its sentence; only an unforeseen one needs its stack. */
function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {};
  if (!(error instanceof HostError)) return { message: error.message, stack: error.stack, ...cause };
  const { code, message, remedy } = error;
  return { code, message, remedy, ...cause, ...(code === 'INTERNAL' ? { stack: error.stack } : {}) };
}

/**
 * A logger that writes to stderr, synchronously: the last line before a crash is the one that matters.
 * An `error` field of type Error is written with its code, message, remedy and cause.
 */
export function createLogger(options: { readonly level: LogLevel; readonly program: string }): Logger {
  const sink = pino(
    {
      level: options.level,
      base: { program: options.program },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describe },
    },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    debug: (message, fields = {}) => sink.debug(fields, message),
    info: (message, fields = {}) => sink.info(fields, message),
    warn: (message, fields = {}) => sink.warn(fields, message),
    error: (message, fields = {}) => sink.error(fields, message),
  };
}
