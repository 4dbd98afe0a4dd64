const BLOCKS = ' ▁▂▃▄▅▆▇█';
/** For terminals that know no more than ASCII. */
const ASCII = ' .:-=+*#@';

/** A line of characters as high as the values: the highest of them, or `most`, is a full one. One character of anything above 0 is never empty. */
export function sparkline(
  values: readonly number[],
  look: { readonly width: number; readonly most: number; readonly ascii: boolean },
): string {
  const levels = [...(look.ascii ? ASCII : BLOCKS)];
  const top = levels.length - 1;
  return Array.from({ length: look.width }, (_, column) => {
    const value = values[Math.round((column / Math.max(1, look.width - 1)) * (values.length - 1))] ?? 0;
    const level = look.most <= 0 ? 0 : Math.round((value / look.most) * top);
    return levels[value > 0 ? Math.max(1, Math.min(top, level)) : 0] ?? ' ';
  }).join('');
}
