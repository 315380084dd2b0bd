import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { errorText, toError } from '../../src/core/error-text.ts';

test('whatever was thrown, its text is one bounded line, and a short message is said as it is', () => {
  const isLine = (text: string): boolean => text.length <= 1_001 && !/[\n\r\p{Cc}]/u.test(text);
  fc.assert(fc.property(fc.anything(), (thrown) => void expect(isLine(errorText(thrown))).toBe(true)));
  fc.assert(
    fc.property(fc.string(), fc.string(), (message, cause) => {
      expect(isLine(errorText(new Error(message, { cause: new TypeError(cause) })))).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^\w{1,700}$/), (text) => void expect(errorText(new Error(text))).toBe(text)),
  );
});

test('whatever was thrown is an Error for the log', () => {
  fc.assert(fc.property(fc.anything(), (thrown) => void expect(toError(thrown)).toBeInstanceOf(Error)));
});

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
const unique = Object.assign(new Error('duplicate key'), { name: 'DatabaseError', code: '23505' });
/** As Node has it from 23 on. */
class CloseEvent {
  get code(): number {
    return 1006;
  }

  get reason(): string {
    return 'no access with token=hunter2';
  }
}
const suppressed = Object.assign(new Error('two failed'), {
  name: 'SuppressedError',
  error: new Error('the disk is full'),
  suppressed: new Error('the file is closed'),
});
const cycle = new Error('around');
cycle.cause = new Error('and around', { cause: cycle });

describe('the text of an error', () => {
  it.each<[string, unknown, string]>([
    ['name and code', unique, 'DatabaseError 23505: duplicate key'],
    ['a code that the message says', refused, 'connect ECONNREFUSED 127.0.0.1:1'],
    [
      'the cause',
      new TypeError('fetch failed', { cause: refused }),
      'TypeError: fetch failed, caused by connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      'the first of several errors',
      new AggregateError([refused, unique]),
      'AggregateError (2 errors, the first: connect ECONNREFUSED 127.0.0.1:1)',
    ],
    ['a cause that the message says', new Error('no: duplicate key', { cause: 'duplicate key' }), 'no: duplicate key'],
    ['a circle of causes', cycle, 'around, caused by and around, caused by around, caused by and around'],
    ['an error without a message', new RangeError(), 'RangeError'],
    ['an error that says nothing', new Error(''), 'Error'],
    ['a thrown object', { status: 503, body: 'busy' }, '{"status":503,"body":"busy"}'],
    ['an answer', new Response(null, { status: 503 }), 'Response {"type":"default","status":503}'],
    [
      'the end of a connection',
      new CloseEvent(),
      'CloseEvent {"code":1006,"reason":"no access with token=(not shown)"}',
    ],
    ['an object of a class', new Map(), 'Map {}'],
    ['an error that another one suppressed', suppressed, 'SuppressedError: two failed, caused by the disk is full'],
    ['an empty text', '', 'an empty text'],
    ['a character that reverses text', new Error('a\u202eb'), 'a b'],
    ['what looks like an error', { message: 'no route', code: 'E1' }, 'E1: no route'],
    ['an aborted call', new DOMException('it was aborted', 'AbortError'), 'AbortError: it was aborted'],
    ['a string', 'boom', 'boom'],
    ['nothing', undefined, 'undefined'],
    ['several lines with colors', new Error('a\n\n  b\u001b[31m\r\nc'), 'a b [31m c'],
    ['a password', new Error('cannot reach postgres://me:hunter2@db'), 'cannot reach postgres://(not shown)@db'],
    ['a thrown secret', { password: 'hunter2' }, '{"password":"(not shown)"}'],
  ])('tells %s', (_what, thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });

  it('of 200,000 characters is cut, and still tells the cause', () => {
    const text = errorText(new Error('x'.repeat(200_000), { cause: new Error('the disk is full') }));
    expect(text).toMatch(/^x{800}…, caused by the disk is full$/);
  });
});

describe('for the log', () => {
  it('an error stays the object it is', () => {
    const error = new TypeError('fetch failed', { cause: refused });
    expect(toError(error)).toBe(error);
  });

  it('an error with a secret is a copy of the same kind without it, causes included', () => {
    const request = { url: '/', headers: { authorization: 'Bearer hunter2' } };
    const inner = Object.assign(new TypeError('denied'), { request });
    const error = new RangeError('postgres://me:hunter2@db is down', { cause: inner });
    const shown = toError(error) as RangeError & { cause: typeof inner };
    expect(shown).toBeInstanceOf(RangeError);
    expect(shown.message).toBe('postgres://(not shown)@db is down');
    expect(shown.cause.request).toEqual({ url: '/', headers: { authorization: '(not shown)' } });
    expect(`${shown.stack} ${shown.cause.stack}`).not.toContain('hunter2');
    expect(error.message).toContain('hunter2');
  });

  const secret = 'postgres://me:hunter2@db is down';
  const deep = Array.from({ length: 9 }).reduce<Error>((cause) => new Error('down', { cause }), new Error(secret));
  const nested = Array.from({ length: 9 }).reduce<object>((inner) => ({ inner }), { password: 'hunter2' });
  const wide = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`field${index}`, { password: 'hunter2' }]),
  );
  const round = new AggregateError([new Error(secret)]);
  round.errors.push(round);
  const changed = new Error(secret);
  changed.message = 'something is down';
  it.each<[string, Error]>([
    ['one of several errors', new AggregateError([new Error('one'), new AggregateError([new Error(secret)])])],
    [
      'an error that another one suppressed',
      Object.defineProperty(new Error('two'), 'suppressed', { value: new Error(secret) }),
    ],
    ['a cause that is no error', new Error('down', { cause: { password: 'hunter2' } })],
    ['a cause behind nine others', deep],
    ['a field in nine others', Object.assign(new Error('down'), { nested })],
    ['one of many fields', Object.assign(new Error('down'), { wide: { ...wide, password: 'hunter2' } })],
    ['an error that holds itself', round],
    ['a list of errors', Object.assign(new Error('down'), { failures: [new Error(secret)] })],
    ['the stack alone', changed],
  ])('a secret in %s is not shown', (_where, error) => {
    const shown = toError(error);
    expect(inspect(shown, { depth: 20, showHidden: true, maxArrayLength: 1_000 })).not.toContain('hunter2');
    expect(shown).toBeInstanceOf(error.constructor);
  });

  it('an error that holds itself and no secret stays the object it is', () => {
    expect(toError(cycle)).toBe(cycle);
  });

  it('what is no error becomes one, with no stack of ours', () => {
    expect(toError({ status: 503 })).toMatchObject({ message: '{"status":503}', stack: 'Error: {"status":503}' });
  });
});
