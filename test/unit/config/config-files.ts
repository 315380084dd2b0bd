import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeIn } from '../../../src/config/layers.ts';
import { ConfigError, formatMistake, type Place } from '../../../src/config/mistakes.ts';
import { layersOf } from '../../../src/config/parse.ts';
import type { RouterConfig } from '../../../src/config/schema.ts';
import type { Path } from '../../../src/config/walk.ts';

/** Writes a configuration file where nothing else is. */
export async function writeConfig(content: string | Uint8Array, name = 'channels.yaml'): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'sluice-config-')), name);
  await writeFile(file, content);
  return file;
}

/** Where a value of a resolved configuration was written, or the nearest map around it. */
export function placeOf(config: RouterConfig, path: Path): Place | undefined {
  return placeIn(layersOf(config), path);
}

/** The mistakes of a configuration, one line each, with the directory of the file left out. */
export async function mistakesOf(attempt: () => unknown): Promise<readonly string[]> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.map((mistake) => formatMistake(mistake).replaceAll(/\/\S*\/sluice-config-\w+\//g, ''));
  }
  return [];
}
