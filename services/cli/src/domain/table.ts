/** Tables in the manner of kubectl: capitals on top, columns two spaces apart, no lines. */
/** What paint.ts adds: it takes no place. */
const ESCAPES = /\p{Cc}\[\d+m/gu;
const GAP = '  ';

/** One line per row, no line break at the end. The last column is not padded. */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [headers, ...rows];
  const widths = headers.map((_header, column) =>
    Math.max(...all.map((row) => visibleLength(row[column] ?? ''))),
  );
  return all.map((row) => formatRow(row, widths)).join('\n');
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = widths.map((width, column) => {
    const cell = row[column] ?? '';
    const isLast = column === widths.length - 1;
    return isLast ? cell : cell + ' '.repeat(width - visibleLength(cell));
  });
  return cells.join(GAP).trimEnd();
}

function visibleLength(text: string): number {
  return text.replace(ESCAPES, '').length;
}
