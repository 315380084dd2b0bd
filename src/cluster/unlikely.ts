/** A number from 0 to 1 that differs between machines that start at once: it need not be repeatable. */
export function unlikely(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

/** A name that no other publisher has. */
export function unlikelyName(): string {
  return [unlikely(), unlikely()].map((number) => Math.floor(number * 2 ** 32).toString(36)).join('');
}
