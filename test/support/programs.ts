import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of programs that is somebody's whole PATH. */
export interface Installed extends Disposable {
  readonly directory: string;
}

/** Programs of this machine by the names under which they are to be found; removed when it goes out of scope. */
export function installed(programs: Readonly<Record<string, string>>): Installed {
  const directory = mkdtempSync(join(tmpdir(), 'programs-'));
  for (const [name, program] of Object.entries(programs)) {
    const path = Bun.which(program);
    if (path === null) throw new Error(`${program} is not installed: run npm run setup`);
    symlinkSync(path, join(directory, name));
  }
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}
