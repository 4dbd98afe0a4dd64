/** Lines of a table: the first column to the left, all others to the right, two spaces apart. */
export function textTable(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  return rows.map((row) =>
    widths
      .map((width, column) => {
        const text = row[column] ?? '';
        const gap = ' '.repeat(width - [...text].length);
        return column === 0 ? `${text}${gap}` : `${gap}${text}`;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** `20000` as `20 000`: figures of a fleet are large. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}
