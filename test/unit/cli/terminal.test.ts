import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { liveColumns } from '../../../src/cli/channel-table.ts';
import { renderTable } from '../../../src/cli/table.ts';
import { paintFor, type Terminal, widthOf } from '../../../src/cli/terminal.ts';

function terminal(isTTY: boolean, env: Terminal['env'] = {}): Terminal {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stdin = Readable.from([]);
  return { stdin, stdout, stderr: new PassThrough(), env, signals: new EventEmitter(), exit: () => {} };
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

const shown = Object.entries({
  red: ['failed', 'tripped'],
  yellow: ['retrying', 'isolating', 'probing', 'paused'],
  dim: ['idle', 'stopped'],
  green: ['flushing', 'warming'],
}).flatMap(([color, states]) => states.map((state) => [state, color]));

it.each(shown)('a channel that is %s is shown in %s', (state, color) => {
  const none = { count: 0, p50Ms: 0, p99Ms: 0 };
  const counts = { received: 0, delivered: 0, deadLettered: 0, restarts: 0, depth: 0, capacity: 0, perSecond: 0 };
  const row = { name: 'tick', state, ...counts, queueing: none, processing: none };
  const [, line = ''] = renderTable(
    liveColumns((name, text) => `<${name}>${text}</>`),
    [row],
    160,
  );
  expect(line).toMatch(new RegExp(`<${color}>${state} *</>`));
});
