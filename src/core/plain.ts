/** As they stand in a text, also at the end of a longer name. */
const PASSWORD = 'pass(?:word|phrase|wd)|pwd|mnemonic|seed[-_]?phrase';
const OTP = '(?<!sp)otp(?:[-_]?code)?';
const SECRET_NAME = `(?:${PASSWORD}|${OTP}|secret|token|credentials?|cookie|signature|sess(?:ion)?[-_]?(?:id|key)|\\.sid|(?:api|private|access|secret|account|signing|encryption)[-_]?key)`;
/** Names of fields whose values must not be shown. */
const SECRET =
  /pass(?:word|phrase|wd)?\d*$|pwd$|(?<!sp)otp(?:[-_]?code)?$|mnemonic|seed[-_]?phrase|secret|token|credential|cookie|signature|sess(?:ion)?[-_]?(?:id|key)|\.sid$|(?:api|private|access|account|signing|encryption)[-_]?key|authorization|^jwt$/i;
/** The value of a session, if it is none of the market: long, of letters and digits, and not a day. */
const SESSION_VALUE =
  '(?![^\\s;&]{0,200}\\d{4}-\\d\\d-\\d\\d)(?=[^\\s;&]{0,200}\\d)(?=[^\\s;&]{0,200}[a-z])[\\w.%~+/-]{8,}';
const SESSION = new RegExp(`^${SESSION_VALUE}$`, 'i');
/** What stands in the place of a secret. */
const HIDDEN = '(not shown)';
const DEPTH_MAX = 8;
/** So many items of a list and values in all are copied: a list that holds itself a thousand times would never end. */
const LIMITS = { items: 1_000, values: 100_000 };

export const UNREADABLE = 'something that cannot be read';

/** Where a value stands: the keys that lead to it. */
type Path = readonly unknown[];

/** True for a field that is named like a secret, or stands in one that is. The name of a channel is none. */
export function isSecret(path: Path): boolean {
  return path.some((name, index) => path[index - 1] !== 'channels' && typeof name === 'string' && SECRET.test(name));
}

/** What may stand between the name of a secret and its value, in a URL, in JSON and as Node shows it; and the value. */
const PAIRS = [
  /(NAME\\?["']?\s?[:=]\s?\\?["'])(?:[^"'\\]|\\(?!["']))+/gi,
  /(NAME\s?=\s?)[^\s"'&;,)(\]}\\]+/gi,
  /(--NAME\s+)[^\s"']+/gi,
  // Behind a colon may stand what is wrong with it.
  /(NAME\s?:\s?)(?=[a-z_.~+/=-]*\d)[\w.~+/=-]{8,}/gi,
  // In a sentence: in quotes, or a word with a digit.
  /((?:PASSWORD)\s+(?=["']))(?:"[^"]+"|'[^']+')/gi,
  /((?:PASSWORD)\s+)(?=\S{0,200}\d)(?=\S{0,200}[a-z])[^\s"',;]{6,}/gi,
  /(OTP\s?[:=]?\s?)\d{4,8}\b/gi,
  /(session\s?[:=]\s?["']?)VALUE/gi,
  // As curl takes them; two numbers are the user and the group of a container.
  /((?:\s-u\s?|--(?:proxy-)?user[\s=])["']?)(?!\d+:\d+\b)[^\s:"']{1,200}:[^\s"']+/gi,
].map(({ source, flags }) => {
  const named = source.replace('NAME', SECRET_NAME).replace('PASSWORD', PASSWORD).replace('OTP', OTP);
  return new RegExp(named.replace('VALUE', SESSION_VALUE), flags);
});

/** A text without the credentials in URLs, without bearer tokens, and without what stands behind the name of a secret. */
export function maskText(text: string): string {
  const masked = text
    .replace(/:\/\/[^\s/?#]{1,700}@/g, `://${HIDDEN}@`)
    .replace(/([?&](?:key|auth|sig)=)[^\s&"'#]+/gi, `$1${HIDDEN}`)
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----END)[\s\S])*/g, `a private key ${HIDDEN} `)
    // A bound: without it a long text that begins so everywhere would take the square of its length.
    .replace(/\beyJ[\w-]{10,1000}\.[\w-]+(?:\.[\w-]*)?/g, HIDDEN)
    .replace(/\bbearer\s+[\w.~+/=-]{8,}/gi, `Bearer ${HIDDEN}`)
    .replace(/\b(authorization\\?["']?\s?[:=]\s?\\?["']?basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${HIDDEN}`);
  return PAIRS.reduce((shown, pair) => shown.replace(pair, `$1${HIDDEN}`), masked);
}

/** The value of a field, or what stands in its place when the field is named like a secret and holds something. */
export function shownAt(path: Path, value: unknown): unknown {
  const isEmpty = value === '' || value === undefined || value === null;
  const isSession = path.at(-1) === 'session' && typeof value === 'string' && SESSION.test(value);
  return !isEmpty && (isSession || isSecret(path)) ? HIDDEN : value;
}

/**
 * A copy for JSON of what stands at this path: bounded in depth and width, functions by name, and without what is named
 * like a secret. Never throws, whatever getters and proxies do.
 */
export function toPlain(value: unknown, at: Path = [], limits = LIMITS): unknown {
  let left = limits.values;
  const copy: Copy = (original, path) => {
    try {
      left -= 1;
      return left < 0 ? '…' : copyOf(original, path, copy, limits.items);
    } catch {
      return UNREADABLE;
    }
  };
  return copy(shownAt(at, value), at);
}

type Copy = (original: unknown, path: Path) => unknown;

function copyOf(value: unknown, path: Path, copy: Copy, itemsMax: number): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (path.length >= DEPTH_MAX) return '…';
  if (value instanceof Date || value instanceof RegExp || value instanceof Error) return maskText(String(value));
  if (Array.isArray(value)) return value.slice(0, itemsMax).map((item, index) => copy(item, [...path, index]));
  const fields = Object.entries(value).slice(0, itemsMax);
  return Object.fromEntries(fields.map(([key, field]) => [key, copy(shownAt([...path, key], field), [...path, key])]));
}

/** The value that a JSON string stands for; a string that is not JSON stands for itself. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
