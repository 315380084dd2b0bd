/**
 * The word people know a state by: the inner one of `ready` and `serving`, which only group what they share, and the
 * outer one of `draining`, whose parts are nobody's concern.
 */
export function stateName(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  const [outer = '', inner] = Object.entries(value)[0] ?? [];
  return outer === 'ready' || outer === 'serving' ? stateName(inner) : outer;
}
