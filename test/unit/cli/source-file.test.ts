import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBytes } from '../../../src/cli/source-file.ts';

async function read(
  input: Buffer,
  chunkSize = input.length || 1,
  signal = new AbortController().signal,
): Promise<string> {
  const chunks: Buffer[] = [];
  for (let start = 0; start < input.length; start += chunkSize) chunks.push(input.subarray(start, start + chunkSize));
  const out: Buffer[] = [];
  for await (const chunk of readBytes('-', Readable.from(chunks), signal)) out.push(chunk);
  return Buffer.concat(out).toString();
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

  test('a cut-off gzip file is an error', async () => {
    const packed = gzipSync('{"a":1}\n'.repeat(100));
    await expect(read(packed.subarray(0, packed.length - 9))).rejects.toThrow('unexpected end of file');
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
