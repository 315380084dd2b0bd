import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { codeOf, projectRoot, textOf } from '../../support/project-files.ts';

const manifest = JSON.parse(textOf('package.json'));

/** The reference names what users may import; a change there is a change of the public interface, and belongs in CHANGELOG.md. */
const reference = textOf('docs/reference/api.md')
  .split(/^# (?=`sluice)/m)
  .slice(1);

function namesIn(section: string): string[] {
  const headings = section.matchAll(/^### (?:`abstract` )?([\w\\]+)/gm);
  return [...headings].map(([, name = '']) => name.replaceAll('\\', '')).sort();
}

/** The names a module exports: from `export { a, type B as C }`, from declarations and, in its folder, of other modules. */
function exportsOf(source: string, folder = ''): string[] {
  const code = codeOf(source);
  const lists = [...code.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(','));
  const listed = lists.map((item) => item.trim().replace(/^(?:.* as |type )/, ''));
  const own = [...code.matchAll(/^export (?:abstract |async )*(?:const|function|class|interface|type) (\w+)/gm)];
  const all = [...source.matchAll(/^export type \* from '(.*)'/gm)].map((m) => textOf(join(folder, m[1] ?? '')));
  const names = [...listed.filter((name) => name !== ''), ...own.map(([, name = '']) => name)];
  return names.concat(all.flatMap((each) => exportsOf(each))).sort();
}

function pathsIn(value: unknown): string[] {
  return typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(pathsIn);
}

it.each(reference.map((section) => [/\w+(?=`)/.exec(section)?.[0] ?? '', section] as const))(
  'what %s exports is exactly what the reference names',
  (name, section) => {
    const file = { sluice: 'src/index.ts', machines: 'machines/index.ts' }[name] ?? `src/${name}/index.ts`;
    expect(exportsOf(textOf(file), dirname(file))).toEqual(namesIn(section));
  },
);

it('the reference has a section for each module that can be imported', () => {
  expect(reference).toHaveLength(Object.keys(manifest.exports).length - 1);
});

it('names are found in every form of export', () => {
  const source =
    "export { a, type B as C } from './x.ts';\nexport type { D } from './y.ts';\nexport abstract class E {}\nexport const f = 1;";
  expect(exportsOf(source)).toEqual(['C', 'D', 'E', 'a', 'f']);
});

it.each(pathsIn([manifest.exports, manifest.bin]))('the build makes %s', (path) => {
  const source = path.replace(/^(?:\.\/)?dist\//, '').replace(/\.(?:d\.ts|js)$/, '.ts');
  expect(existsSync(join(projectRoot, source))).toBe(true);
});

it('everything that is packed is there', () => {
  const named = manifest.files.filter((path: string) => path !== 'dist' && !path.startsWith('!'));
  const missing = named.filter((path: string) => !existsSync(join(projectRoot, path)));
  expect(missing).toEqual([]);
});

it('what the README links to is packed', () => {
  const packed = ['LICENSE', ...manifest.files];
  const links = [...textOf('README.md').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
  const isPacked = (link: string) => packed.some((path) => link === path || link.startsWith(`${path}/`));
  expect(links).toContain('docs/images/inspector-tripped.png');
  expect(links.filter((link) => !isPacked(link) || packed.includes(`!${link}`))).toEqual([]);
});
