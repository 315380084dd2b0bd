import { dirname, join } from 'node:path/posix';
import { filesIn, textOf } from './project-files.ts';

/** The files that each file imports, in any way that the compiler or Node.js follows. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** From low to high: a file imports from its own layer and from those below it. What is not named stands above all. */
const LAYERS: readonly string[] = [
  'src/core',
  'src/adapters',
  'src/config',
  'src/facts',
  'machines',
  'src/channel',
  'src/source',
  'src/report',
  'src/recorder',
  'src/router',
];
/** Layers that know `src/core` and nothing else of ours, although others stand below them. */
const CORE_ALONE: readonly string[] = ['src/adapters', 'machines'];

/** `from '…'` of an import or an export, a type of `import('…')`, and an import for its effect. */
const IMPORTED = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g;

/** Reads the imports of all sources. */
export function importsOf(directories: readonly string[]): ImportGraph {
  const files = directories.flatMap((directory) => filesIn(directory));
  return new Map(files.map((file) => [file, importsIn(file, textOf(file))]));
}

/** The files of the project that a source text imports; comments are no imports. */
export function importsIn(file: string, source: string): readonly string[] {
  const code = source.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  return [...code.matchAll(IMPORTED)].map(([, path = '']) => join(dirname(file), path));
}

/** The circles of imports: strongly connected components of more than one file, or a file that imports itself. */
export function circlesIn(graph: ImportGraph): readonly (readonly string[])[] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  // Tarjan, "Depth-first search and linear graph algorithms" (1972).
  const visit = (file: string): void => {
    const own = index.size;
    index.set(file, own);
    low.set(file, own);
    stack.push(file);
    for (const imported of graph.get(file) ?? []) {
      if (!index.has(imported)) visit(imported);
      if (stack.includes(imported)) low.set(file, Math.min(low.get(file) ?? own, low.get(imported) ?? own));
    }
    if (low.get(file) !== own) return;
    const component = stack.splice(stack.indexOf(file));
    if (component.length > 1 || graph.get(file)?.includes(file)) found.push(component.sort());
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return found;
}

/** The imports that run upward, as `from → to`. */
export function upwardImportsIn(graph: ImportGraph): readonly string[] {
  return [...graph].flatMap(([file, imported]) =>
    imported.filter((each) => !mayImport(file, each)).map((each) => `${file} → ${each}`),
  );
}

function mayImport(from: string, to: string): boolean {
  const [own, other] = [layerOf(from), layerOf(to)];
  if (CORE_ALONE.includes(own)) return other === own || other === 'src/core';
  return rankOf(other) <= rankOf(own);
}

/** Its folder; below the layers that are named, `src/x/y` belongs to `src/x`. */
function layerOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return first === 'src' ? `src/${second}` : first;
}

function rankOf(layer: string): number {
  const rank = LAYERS.indexOf(layer);
  return rank === -1 ? LAYERS.length : rank;
}
