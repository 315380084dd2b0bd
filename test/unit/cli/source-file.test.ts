import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBytes } from '../../../src/cli/source-file.ts';

/** What was read, and the error that ended it. */
async function readUntilError(input: Buffer, chunkSize = input.length || 1): Promise<{ text: string; error?: string }> {
  const chunks: Buffer[] = [];
  for (let start = 0; start < input.length; start += chunkSize) chunks.push(input.subarray(start, start + chunkSize));
  const out: Buffer[] = [];
  const textOf = (): string => Buffer.concat(out).toString();
  try {
    const { signal } = new AbortController();
    for await (const chunk of readBytes('-', Readable.from(chunks), signal)) out.push(chunk);
  } catch (error) {
    return { text: textOf(), error: (error as Error).message };
  }
  return { text: textOf() };
}

async function read(input: Buffer, chunkSize?: number): Promise<string> {
  const { text, error } = await readUntilError(input, chunkSize);
  expect(error).toBeUndefined();
  return text;
}

describe('source file', () => {
  test('plain and gzip bytes give the same text, whatever the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.integer({ min: 1, max: 9 }), async (text, chunkSize) => {
        expect(await read(Buffer.from(text), chunkSize)).toBe(Buffer.from(text).toString());
        expect(await read(gzipSync(text), chunkSize)).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 30 },
    );
  });

  test('gzip files one after the other are one file, as gunzip has it', async () => {
    expect(await read(Buffer.concat([gzipSync('a\n'), gzipSync('b\n')]))).toBe('a\nb\n');
  });

  test('of a cut-off gzip file everything up to the cut is read, and then it is an error', async () => {
    const lines = '{"a":1}\n'.repeat(100);
    const packed = gzipSync(lines);
    for (const missing of [1, 8, 9, 12]) {
      const { text, error } = await readUntilError(packed.subarray(0, packed.length - missing));
      expect(error).toBe('unexpected end of file');
      expect(lines.startsWith(text) && text.length > (missing > 8 ? 400 : 799)).toBe(true);
    }
  });

  test.each([
    ['rubbish', Buffer.from('rubbish'), 'what follows the gzip data is no gzip data and was not read'],
    ['half a member', gzipSync('b\n').subarray(0, 7), 'unexpected end of file'],
    ['a broken member', Buffer.concat([gzipSync('b\n').subarray(0, 10), Buffer.alloc(20, 0xff)]), 'invalid block type'],
    ['a single byte', Buffer.from([0x1f]), 'what follows the gzip data is no gzip data and was not read'],
  ])('%s behind a gzip member takes nothing back', async (_, rest, message) => {
    for (const chunkSize of [1, 7, 1_000]) {
      const { text, error } = await readUntilError(Buffer.concat([gzipSync('a\n'.repeat(5)), rest]), chunkSize);
      expect([text, error]).toEqual(['a\n'.repeat(5), message]);
    }
  });

  test('zeros behind a gzip member are padding, and every kind of header is read', async () => {
    expect(await read(Buffer.concat([gzipSync('a\n'), Buffer.alloc(99), gzipSync('b\n'), Buffer.alloc(3)]))).toBe(
      'a\nb\n',
    );
    const [head, body] = [gzipSync('a\n').subarray(0, 10), gzipSync('a\n').subarray(10)];
    head[3] = 2 + 4 + 8 + 16;
    const fields = Buffer.concat([Buffer.from([3, 0, 1, 2, 3]), Buffer.from('name\0comment\0'), Buffer.from([9, 9])]);
    expect(await read(Buffer.concat([head, fields, body]), 3)).toBe('a\n');
  });

  test('gzip data with a wrong check sum is an error', async () => {
    const packed = gzipSync('a\n');
    packed.writeUInt32LE(7, packed.length - 8);
    expect(await readUntilError(packed)).toEqual({ text: 'a\n', error: 'incorrect data check' });
  });

  test.each([
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'zstdcat'],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xzcat'],
    ['bzip2', [...Buffer.from('BZh9')], 'bzcat'],
    ['zip', [...Buffer.from('PK\x03\x04')], 'unzip -p'],
  ])('a file packed with %s is named as such', async (name, magic, unpack) => {
    const packed = Buffer.from([...magic, 1, 2, 3]);
    const text = `it is packed with ${name}; unpack it first: ${unpack} FILE | sluice replay -`;
    expect(await readUntilError(packed, 1)).toEqual({ text: '', error: text });
  });

  test.each([
    ['with the low byte first', [0xff, 0xfe]],
    ['with the high byte first', [0xfe, 0xff]],
  ])('text in UTF-16 %s is named as such', async (_, mark) => {
    const text = Buffer.from([...mark, ...Buffer.from('{"a":1}', 'utf16le')]);
    const error = 'it is text in UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE | sluice replay -';
    expect(await readUntilError(text, 1)).toEqual({ text: '', error });
  });

  test('a short first message of a pipe is handed on at once', async () => {
    const pipe = new Readable({ read() {} });
    pipe.push('1\n');
    const bytes = readBytes('-', pipe, new AbortController().signal);
    expect(String((await bytes.next()).value)).toBe('1\n');
    pipe.destroy();
  });

  test('reading ends when the signal aborts, even where no more bytes come', async () => {
    const controller = new AbortController();
    const silent = new Readable({ read() {} });
    const reading = readBytes('-', silent, controller.signal).next();
    controller.abort();
    await expect(reading).rejects.toThrow();
    expect(silent.destroyed).toBe(true);
  });

  test('a missing file is an error', async () => {
    const { signal } = new AbortController();
    await expect(readBytes('/no/such/file', Readable.from([]), signal).next()).rejects.toThrow('ENOENT');
  });
});
