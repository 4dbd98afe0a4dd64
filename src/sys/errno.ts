import { constants } from 'node:os';

/** Errno numbers by name (`ERRNO.EEXIST` is 17), as this machine defines them. */
export const ERRNO: typeof constants.errno = constants.errno;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, value]) => [value, name]),
);

/** `ENOENT` for 2; `errno 999` for a number without a name. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}
