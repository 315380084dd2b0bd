/** A number from 0 to 1 that differs between machines that start at once: it need not be repeatable. */
export function unlikely(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}
