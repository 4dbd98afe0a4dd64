/** A version in the sense of semver.org: three numbers, and the words of a pre-release. */
export interface Version {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

const VERSION = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** The version a word spells, with or without a leading `v`; `undefined` when it spells none ("unknown"). */
export function parseVersion(word: string): Version | undefined {
  const match = VERSION.exec(word.trim());
  if (match === null) return undefined;
  const [, major, minor, patch, pre] = match;
  return {
    numbers: [Number(major), Number(minor), Number(patch ?? 0)],
    pre: pre === undefined ? [] : pre.split('.'),
  };
}

/** Numbers by size and before words, words by their letters (semver.org, 11.4). */
function compareWords(a: string, b: string): number {
  const [isNumber, otherIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && otherIsNumber) return Number(a) - Number(b);
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Negative when `a` is older than `b`, 0 when neither is. Build metadata does not count. */
export function compareVersions(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  // A pre-release is older than what it leads to.
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (const [index, word] of a.pre.entries()) {
    const other = b.pre[index];
    if (other === undefined) return 1;
    const difference = compareWords(word, other);
    if (difference !== 0) return difference;
  }
  return a.pre.length - b.pre.length;
}
