import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { paintFor, type Terminal, widthOf } from '../../../src/cli/terminal.ts';
import { terminalWith } from '../../support/run-command.ts';

function terminal(isTTY: boolean, env: Terminal['env'] = {}): Terminal {
  return terminalWith({ stdout: Object.assign(new PassThrough(), { isTTY }), env });
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a terminal', () => {
  it.each<[string, Terminal, boolean]>([
    ['is colored', terminal(true), true],
    ['is plain when NO_COLOR is set', terminal(true, { NO_COLOR: '1' }), false],
    ['is plain when it can do no better', terminal(true, { TERM: 'dumb' }), false],
    ['is plain when nobody looks at it', terminal(false), false],
  ])('%s', (_, each, isColored) => {
    // Node's own opinion is about the stream of this process, which is not the terminal of the test.
    vi.stubEnv('FORCE_COLOR', '1');
    const painted = paintFor(each)('red', 'trouble');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colors are control characters
    expect(painted.replaceAll(/\x1b\[\d+m/g, '')).toBe('trouble');
    expect(painted !== 'trouble').toBe(isColored);
  });

  it('is as wide as it says, and wide enough for everything when it does not', () => {
    const output = new PassThrough();
    expect([widthOf(Object.assign(new PassThrough(), { columns: 77 })), widthOf(output)]).toEqual([77, 160]);
  });
});
