function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const change = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The word most like `text`, or `undefined` when none is close enough to be what was meant. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  const upper = text.toUpperCase();
  const most = Math.max(2, Math.floor(text.length / 4));
  const ranked = words
    // No word can be nearer than their lengths are: an environment has dozens of names, and there are a hundred words.
    .filter((word) => Math.abs(word.length - upper.length) <= most)
    .map((word) => ({ word, distance: editDistance(upper, word.toUpperCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= most ? best.word : undefined;
}
