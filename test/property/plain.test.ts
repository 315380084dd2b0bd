import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecret, jsonOrText, maskText, shownAt, toPlain } from '../../src/core/plain.ts';

const secrets = ['password', 'apiToken', 'API_KEY', 'clientSecret', 'Authorization', 'dbPassword', 'privateKey'];
const names = fc.constantFrom(...secrets, 'accessKey', 'pwd', 'Set-Cookie', 'signingKey', 'jwt', 'password2');
const moreNames = fc.constantFrom(
  'sessionId',
  'SESSION_KEY',
  'connect.sid',
  'otp',
  'totpCode',
  'mnemonic',
  'seedPhrase',
);

it('anything becomes JSON, however deep, wide or odd, and never throws', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }), (value) => {
      expect((JSON.stringify(toPlain(value)) ?? 'undefined').length).toBeGreaterThan(0);
    }),
  );
});

it('what refers to itself ends, also a thousand times over', () => {
  const self: Record<string, unknown> = {};
  self.self = self;
  expect(JSON.stringify(toPlain(self))).toContain('…');
  const wide: unknown[] = [];
  for (let count = 0; count < 1_000; count += 1) wide.push(wide);
  expect(JSON.stringify(toPlain(wide)).length).toBeLessThan(1_000_000);
});

it('what is named like a secret is not shown, at any depth', () => {
  fc.assert(
    fc.property(
      fc.oneof(names, moreNames),
      fc.array(fc.constantFrom('a', 'rules', 'list'), { maxLength: 5 }),
      (name, path) => {
        const value = path.reduceRight<unknown>((inner, key) => ({ [key]: [inner] }), { [name]: 'hunter2' });
        // Eight levels down nothing is shown at all.
        expect(JSON.stringify(toPlain(value))).not.toContain('hunter2');
        expect(toPlain('hunter2', [...path, name])).toBe('(not shown)');
        expect(isSecret([...path, name, 'inner'])).toBe(true);
      },
    ),
  );
});

it.each([
  'postgres://me:hunter2@db/x',
  'Authorization: bearer hunter2hunter2',
  'Authorization: Basic hunter2hunter2',
  'no://:hunter2@x',
  'https://hunter2@errors.io/1',
  'https://feed.io/v1?apiKey=hunter2&x=1',
  'wss://feed.io/?token=hunter2',
  'X-Api-Key: hunter2hunter2',
  '{"password":"hunter2","x":1}',
  '{\\"clientSecret\\":\\"hunter2\\"}',
  "{ accessToken: 'hunter2' }",
  'password=hunter2;',
  'postgres://me:p@hunter2@db/x',
  'https://blob.io/x?sig=hunter2&x=1',
  'https://maps.io/?key=hunter2',
  'AccountName=me;AccountKey=hunter2;',
  '-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----',
  'eyJhbGciOiJIUzI1NiJ9.eyJodW50ZXIyIjoxfQ.hunter2',
  'feed --token hunter2',
  'the passphrase hunter2 was refused',
  'password "hunter2"',
  'curl -u me:hunter2 https://feed.io',
  "curl --user 'me:hunter2'",
  'session=hunter2hunter2',
  'Cookie: theme=dark; session=s%3Ahunter2',
  'sessionId: hunter2hunter2',
  'JSESSIONID=hunter2',
  '{"session_id":"hunter2"}',
  'otp=481516',
  'otp: 481516',
  '{"otpCode":"481516"}',
  'mnemonic="hunter2 hunter2"',
])('a text does not show the secret in %s', (text) => {
  expect(maskText(`before ${text} after`)).toMatch(/^before .*not shown.* after$/);
  expect(JSON.stringify(toPlain({ list: [text] }))).not.toMatch(/hunter2|481516/);
});

it.each(['eyJhbGciOiJI-', 'session=', '--user=', 'password ', ' -u a', 'otp'])(
  'a long text that looks like the beginning of a secret everywhere is read in time: %s',
  (beginning) => {
    const text = beginning.repeat(80_000);
    expect(maskText(text)).toBe(text);
  },
);

describe('is shown as it is:', () => {
  it.each([
    'channels.yaml:3:4 channels.tick.eventRules.password: must be a string, got nothing',
    'Unexpected token } in JSON at position 5',
    'the token expired',
    'https://feed.io/a@b?sym=AAPL',
    'secret: is not a known field',
    'the session opens at 09:30, the after-hours session at 16:00',
    'session=regular&day=2026-11-30',
    'no trade in session 2026-11-30',
    'session=XNYS-2026-11-30',
    'the password is wrong, the passphrase must have 12 characters',
    'docker run -u 1000:1000 feed',
    'cut -d: -f2',
    'a hotpot of 3 options, -u AAPL',
    'side: passing, pass: 2, spotP=100, footprint=5000',
  ])('the text %s', (text) => {
    expect(maskText(text)).toBe(text);
  });

  it('an ordinary setting, and a channel that is named like a secret', () => {
    const config = {
      batchSize: 10,
      partitionBy: 'sym',
      key: 'a',
      session: 'regular',
      sessions: 3,
      window: { count: 20 },
      list: [1, null, true],
    };
    expect(toPlain(config)).toEqual(config);
    const channels = { channels: { tokens: { batchSize: 1, apiKey: '', password: 'x' } } };
    expect(toPlain(channels)).toEqual({ channels: { tokens: { batchSize: 1, apiKey: '', password: '(not shown)' } } });
    expect(shownAt(['channels', 'tokens', 'batchSize'], 5)).toBe(5);
  });
});

it('a function is shown by its name, if it has one', () => {
  const functions = { keyOf: function bySymbol() {}, other: (() => () => {})() };
  expect(toPlain(functions)).toEqual({ keyOf: 'the function bySymbol', other: 'a function' });
});

it('a value that throws when it is read is shown as such', () => {
  const trap = {
    get price(): never {
      throw new Error('no price');
    },
  };
  expect(toPlain({ inner: [trap, 1] })).toEqual({ inner: ['something that cannot be read', 1] });
});

it('a JSON string gives its value, and any other string itself', () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), (json, text) => {
      expect([jsonOrText(json), jsonOrText(`no ${text}`)]).toEqual([JSON.parse(json), `no ${text}`]);
    }),
  );
});
