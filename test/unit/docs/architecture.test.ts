import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { filesIn, textOf } from '../../support/project-files.ts';

/** The files that the code map names, with their directories: a row without a place goes on with the one above. */
function filesNamedIn(page: string): readonly string[] {
  const map = page.slice(page.indexOf('## Code map'), page.indexOf('And around the sources'));
  let place = '';
  return map.split('\n').flatMap((line) => {
    const [, first = '', what = ''] = line.split('|');
    place = /`([\w/]+\/)`/.exec(first)?.[1] ?? place;
    return [...what.matchAll(/`([\w-]+\.ts)`/g)].map(([, name = '']) => place + name);
  });
}

it('a row belongs to the place it names, or to that of the row above', () => {
  const page = '## Code map\n| `src/a/` | `b.ts`, `x` |\n| | on: `c.ts` |\n| `d/` | `e.ts` |\nAnd around the sources';
  expect(filesNamedIn(page)).toEqual(['src/a/b.ts', 'src/a/c.ts', 'd/e.ts']);
});

it('the code map names every file of the sources once, and no other', () => {
  const sources = [...filesIn('src'), ...filesIn('machines')];
  const expected = sources.filter((path) => path.endsWith('.ts') && !dirname(path).endsWith('/page'));
  expect([...filesNamedIn(textOf('docs/architecture.md'))].sort()).toEqual([...expected].sort());
});
