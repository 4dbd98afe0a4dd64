import script from '../../templates/aws-cni-support.sh' with { type: 'text' };
import { fillText } from './fill.ts';
import { MARK } from './owned.ts';
import { PATHS } from './paths.ts';
import type { WantedEntry } from './wanted.ts';

/** The support script under the name runbooks know; one of somebody else is saved and given back by uninstall. */
export function supportEntries(): readonly WantedEntry[] {
  const text = fillText(script, { MARK, EXECUTABLE: PATHS.executable });
  return [{ kind: 'file', path: PATHS.supportScript, mode: 0o755, text }];
}
