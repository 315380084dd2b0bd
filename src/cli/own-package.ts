import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// By the package's own name, so that it is found from the sources and from the build alike.
const require = createRequire(import.meta.url);
const manifest = 'sluice/package.json';

/** The version of this package. */
export function version(): string {
  return (require(manifest) as { readonly version: string }).version; // npm insists on it.
}

/** The path of the shipped configuration. */
export function shippedConfig(): string {
  return join(dirname(require.resolve(manifest)), 'config', 'channels.yaml');
}
