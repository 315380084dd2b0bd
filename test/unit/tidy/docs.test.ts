import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, projectRoot, textOf } from '../../support/project-files.ts';

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs', '.md')];

function exists(path: string): boolean {
  return existsSync(join(projectRoot, path));
}

function withoutFences(text: string): string {
  return text.replace(/^(```+)[\s\S]*?^\1/gm, '');
}

/** The anchors GitHub gives to the headings of a page, and those that are written out. */
function anchorsIn(text: string): readonly string[] {
  const written = [...withoutFences(text).matchAll(/<a id="([^"]+)">/g)].map(([, anchor = '']) => anchor);
  const seen = new Map<string, number>();
  const ofHeadings = [...withoutFences(text).matchAll(/^#{1,6} +(.+?)\s*$/gm)].map(([, heading = '']) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return [...ofHeadings, ...written];
}

/** The links of a page to files or headings that do not exist. */
function brokenLinksIn(page: string, text: string): readonly string[] {
  const prose = withoutFences(text).replace(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)[^)]*\)/g)].map(([, link = '']) => link);
  // The reference has thousands of links to itself.
  const own = new Set(anchorsIn(text));
  return [...new Set(links)].filter((link) => {
    if (/^[a-z]+:/i.test(link)) return false;
    const [path = '', anchor] = decodeURI(link).split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (path !== '' && !exists(target)) return true;
    if (anchor === undefined || !target.endsWith('.md')) return false;
    return path === '' ? !own.has(anchor) : !anchorsIn(textOf(target)).includes(anchor);
  });
}

/** The project's paths that a page names in code marks: `src/core/clock.ts`, `machines/`. */
function pathsNamedIn(text: string): readonly string[] {
  const named = text.matchAll(/`((?:src|machines|test|config|docs)\/[\w./-]*)`/g);
  return [...named].map(([, path = '']) => path);
}

it('anchors are those of GitHub, links are checked with them, and code is neither', () => {
  const text = '# What, `why`?\n## A b\n## A b\n<a id="written"></a>\n```sh\n# not me\n```\n';
  expect(anchorsIn(text)).toEqual(['what-why', 'a-b', 'a-b-1', 'written']);
  const links = '[1](#a-b-1) [2](#c) [3](../LICENSE) [4](gone.md "title") [5](https://example.org) `[6](gone.md)`';
  expect(brokenLinksIn('docs/page.md', text + links)).toEqual(['#c', 'gone.md']);
});

it.each(['README.md', 'docs/start.md', 'docs/architecture.md', 'docs/requirements.md'])('%s is there', (path) => {
  expect(exists(path)).toBe(true);
});

describe.each(pages.filter(exists))('%s', (page) => {
  it('has no broken link', () => {
    expect(brokenLinksIn(page, textOf(page))).toEqual([]);
  });

  it('names no path that does not exist', () => {
    expect(pathsNamedIn(textOf(page)).filter((path) => !exists(path))).toEqual([]);
  });
});

it('the architecture page names every directory of the sources', () => {
  const directories = new Set(
    filesIn('src')
      .map((path) => dirname(path))
      .filter((path) => path !== 'src'),
  );
  const page = textOf('docs/architecture.md');
  expect([...directories].filter((path) => !page.includes(path))).toEqual([]);
});
