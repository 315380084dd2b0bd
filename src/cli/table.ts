/** A column of a table. On a narrow terminal the column with the highest `expendable` is left out first. */
export interface Column<Row> {
  readonly title: string;
  readonly expendable: number;
  readonly isText?: boolean;
  text(row: Row): string;
  /** Colors a padded cell; its width must stay the same. */
  style?(row: Row, cell: string): string;
}

const GAP = '  ';

/** The table as lines no wider than `width`, leaving out the most expendable columns where there is no room. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string[] {
  let kept = columns.map((column) => {
    const cells = rows.map((row) => column.text(row));
    return { column, cells, width: Math.max(column.title.length, ...cells.map((cell) => cell.length)) };
  });
  const widthOf = (some: typeof kept) => some.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  while (kept.length > 1 && widthOf(kept) > width) {
    const worst = Math.max(...kept.map(({ column }) => column.expendable));
    kept = kept.filter(({ column }) => column.expendable !== worst);
  }
  const line = (cellOf: (part: (typeof kept)[number]) => string) => kept.map(cellOf).join(GAP).trimEnd();
  const padded = ({ column, width }: (typeof kept)[number], text: string) =>
    column.isText ? text.padEnd(width) : text.padStart(width);
  return [
    line((part) => padded(part, part.column.title)),
    ...rows.map((row, index) =>
      line((part) => {
        const cell = padded(part, part.cells[index] ?? '');
        return part.column.style?.(row, cell) ?? cell;
      }),
    ),
  ];
}

/** `1234567` as `1,234,567`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Milliseconds with a unit that keeps them short: `12µs`, `3.4ms`, `2.1s`. */
export function formatMs(ms: number): string {
  if (ms < 0.0005) return '<1µs';
  if (ms < 0.9995) return `${Math.round(ms * 1_000)}µs`;
  if (ms < 999.5) return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)}ms`;
  return `${(ms / 1_000).toFixed(1)}s`;
}
