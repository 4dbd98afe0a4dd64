import { HostError } from '../errors/index.ts';

/** The parts of a failure that are logged. */
export interface LoggedError {
  readonly code?: string;
  readonly message: string;
  readonly remedy?: string;
  readonly cause?: string;
  readonly stack?: string;
}

/** A catalogued failure says all in its sentence; only an unforeseen one needs its stack. */
export function describeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {};
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  if (!(error instanceof HostError)) return { message: error.message, ...stack, ...cause };
  const { code, message, remedy } = error;
  return { code, message, remedy, ...cause, ...(code === 'INTERNAL' ? stack : {}) };
}
