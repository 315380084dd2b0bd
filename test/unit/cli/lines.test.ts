import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LINE_BYTES_MAX, type Line, LineSplitter } from '../../../src/cli/lines.ts';

function split(chunks: readonly Buffer[]): Line[] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

/** The bytes cut at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

describe('lines', () => {
  test('any cutting of the bytes gives the lines of the whole text, numbered from 1', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', '\n', '\r', 'é', '😀', ' '), maxLength: 40 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (input, places) => {
        const expected = input.split('\n').map((line, index) => ({ number: index + 1, text: line.replace(/\r$/, '') }));
        if (input.endsWith('\n') || input === '') expected.pop();
        expect(split(cut(Buffer.from(input), places))).toEqual(expected);
      }),
    );
  });

  test('a line of exactly the longest length is read, one byte more is a problem, and the next line is read again', () => {
    const longest = Buffer.alloc(LINE_BYTES_MAX, 'x');
    const lines = split([longest, Buffer.from('\n'), longest, Buffer.from('x\n{}\n')]);
    expect(lines.map((line) => ('text' in line ? line.text.length : line.problem))).toEqual([
      LINE_BYTES_MAX,
      'longer than 1048576 bytes',
      2,
    ]);
  });

  test('bytes that are not UTF-8 are a problem of their line alone', () => {
    expect(split([Buffer.from([0x22, 0xff, 0x22, 10]), Buffer.from('{}')])).toEqual([
      { number: 1, problem: 'not UTF-8' },
      { number: 2, text: '{}' },
    ]);
  });

  test('a byte-order mark is no part of a line, of the first or of a later one', () => {
    expect(split([Buffer.from('\uFEFF{}\r\n')])).toEqual([{ number: 1, text: '{}' }]);
    // As `cat first second` has it.
    expect(split([Buffer.from('1\n\uFEFF2\n')])).toEqual([
      { number: 1, text: '1' },
      { number: 2, text: '2' },
    ]);
  });
});
