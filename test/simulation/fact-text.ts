/** A fact in one line: its plain fields, errors by what they say, messages by their number. */
export function factText(fact: unknown): string {
  if (typeof fact !== 'object' || fact === null) return String(fact);
  return Object.entries(fact)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}

function valueText(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value === 'object' && value !== null && 'n' in value) return `#${String(value.n)}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
