/** Severities, least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Fields of a line: fixed names such as `eni_id`, `pod_ip`, `container_id`, `duration_ms`; never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One thing that is logged. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly program: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Writes log lines. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
