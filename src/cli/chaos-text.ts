import type { ChaosReport, Consequence } from './chaos-record.ts';
import { type Column, formatCount, renderTable } from './table.ts';

interface ChaosRow {
  readonly fault: string;
  readonly struck: number;
  readonly followed: Readonly<Partial<Record<Consequence, number>>>;
}

const COLUMNS: readonly Column<ChaosRow>[] = [
  { title: 'fault', expendable: 0, isText: true, text: ({ fault }) => fault },
  { title: 'struck', expendable: 0, text: ({ struck }) => formatCount(struck) },
  consequenceColumn('failed', 6, 'failures'),
  consequenceColumn('retries', 2, 'retries'),
  consequenceColumn('isolated', 4, 'isolations'),
  consequenceColumn('dead', 1, 'deadLetters'),
  consequenceColumn('trips', 3, 'trips'),
  consequenceColumn('restarts', 5, 'restarts'),
  consequenceColumn('reloads', 7, 'reloads'),
];

/** What was injected and what followed, a line for each fault. */
export function chaosLines({ seed, faults, followed }: ChaosReport, width: number): string[] {
  const rows = Object.entries(faults).map(([fault, struck]) => ({ fault, struck, followed: followed[fault] ?? {} }));
  const total = rows.reduce((sum, { struck }) => sum + struck, 0);
  return [`chaos, seed ${seed}: ${formatCount(total)} faults and what followed`, ...renderTable(COLUMNS, rows, width)];
}

function consequenceColumn(title: string, expendable: number, consequence: Consequence): Column<ChaosRow> {
  return {
    title,
    expendable,
    text: ({ followed }) => {
      const count = followed[consequence] ?? 0;
      return count === 0 ? '–' : formatCount(count);
    },
  };
}
