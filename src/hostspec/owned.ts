import { PATHS } from './paths.ts';

/** The line that marks a text file of the host as ours; a file without it belongs to somebody else. */
export const MARK = 'Installed by vpc-cni; "vpc-cni uninstall" removes it.';

/** Reports whether the text of a file carries our mark. */
export function isOurText(text: string): boolean {
  return text.includes(MARK);
}

/** Reports whether a link with this target is ours: only ours point into our folder or, for the unit, at our unit. */
export function isOurLink(target: string): boolean {
  return target.startsWith(`${PATHS.home}/`) || target === PATHS.unit;
}
