import { rename, rm, writeFile } from 'node:fs/promises';

/** Writes files, by path, for their owner only, and resolves with the paths. When one fails, no unfinished file stays. */
export async function writeWhole(files: Readonly<Record<string, Iterable<string>>>): Promise<readonly string[]> {
  const paths = Object.keys(files);
  try {
    for (const [path, text] of Object.entries(files)) {
      // A file that is there already would keep the rights it has.
      await rm(`${path}.part`, { force: true });
      await writeFile(`${path}.part`, text, { flag: 'wx', mode: 0o600 });
    }
    for (const path of paths) await rename(`${path}.part`, path);
    return paths;
  } catch (error) {
    await Promise.allSettled(paths.map((path) => rm(`${path}.part`, { force: true })));
    throw error;
  }
}
