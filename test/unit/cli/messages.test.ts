import { describe, expect, test } from 'vitest';
import { type MalformedLine, readMessages } from '../../../src/cli/messages.ts';

async function read(text: string): Promise<{ messages: unknown[]; malformed: MalformedLine[] }> {
  const malformed: MalformedLine[] = [];
  const messages: unknown[] = [];
  async function* bytes() {
    yield Buffer.from(text);
  }
  for await (const batch of readMessages('f', bytes(), (line) => malformed.push(line))) messages.push(...batch);
  return { messages, malformed };
}

describe('messages', () => {
  test('a line is a message or a list of messages, and blank lines are nothing', async () => {
    const { messages, malformed } = await read('{"a":1}\r\n\n  \n[{"b":2},3]\n[]\nnull\n"x"\n[[4]]');
    expect(messages).toEqual([{ a: 1 }, { b: 2 }, 3, null, 'x', [[4]]]);
    expect(malformed).toEqual([]);
  });

  test('a malformed line is told with its place and cause, and the rest is read', async () => {
    const { messages, malformed } = await read('{"a":1}\n\n{"a":\n{"a":2}\n');
    expect(messages).toEqual([{ a: 1 }, { a: 2 }]);
    expect(malformed).toEqual([{ file: 'f', line: 3, problem: expect.stringMatching(/^not JSON: ./) }]);
  });

  test('a line with NUL bytes, as in UTF-16 without a mark, is told as such', async () => {
    const { malformed } = await read('{\0"\0a\0"\0');
    expect(malformed[0]?.problem).toBe('it holds NUL bytes; UTF-8 is expected, not UTF-16');
  });

  test('what would steer a terminal does not get out of a malformed line', async () => {
    const { malformed } = await read('\u001b[2J{');
    expect(malformed[0]?.problem).not.toContain('\u001b');
  });
});
