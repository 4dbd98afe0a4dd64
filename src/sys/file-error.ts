import { HostError } from '../errors/index.ts';

const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'the file system is mounted read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted (an immutable file or directory?)',
  ENOSPC: 'no space left on the file system',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ETXTBSY: 'the file is being executed',
  ELOOP: 'too many symbolic links',
};

/** `ENOENT`, `EROFS`, …: the code a failed system call left on its error. */
export function errnoCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Runs file work and turns a failed system call into `FILE_FAILED`, naming the action and the path in words. */
export function fileAttempt<T>(action: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HostError) throw error;
    const code = errnoCode(error);
    const uid = process.getuid?.();
    if (code === 'EACCES' && uid !== undefined && uid !== 0)
      throw new HostError('NOT_ROOT', { what: `the attempt to ${action} ${path}`, uid }, error);
    const words = code === undefined ? undefined : REASONS[code];
    const said = error instanceof Error ? error.message : String(error);
    throw new HostError(
      'FILE_FAILED',
      { action, path, reason: words === undefined ? said : `${words} (${code})` },
      error,
    );
  }
}
