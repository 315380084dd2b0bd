import * as z from 'zod';

/** When a changed field takes effect on reload: at once, with the next batch, or by restarting the channel. */
export type Reload = 'live' | 'next-batch' | 'restart';

interface Note {
  readonly allowed: string;
  readonly reload: Reload;
  readonly description: string;
}

/** What is allowed in each field, when a change takes effect, and what the field means. */
export const notes: z.core.$ZodRegistry<Note> = z.registry<Note>();

/** Puts a note on a schema, which may be made of what to say of a value that is not allowed. */
export function noted<Schema extends z.ZodType>(
  made: Schema | ((error: string) => Schema),
  allowed: string,
  reload: Reload,
  description: string,
): Schema {
  const schema = typeof made === 'function' ? made(`must be ${allowed}`) : made;
  notes.add(schema, { allowed, reload, description });
  return schema;
}

/** True for what YAML and JSON call a map: neither a list, nor `false`, nor nothing; nor a `Date` or a `Map`. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return kindOf(value) === 'Object';
}

/** What JavaScript calls a value: Object, Array, Date, Map, … */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A map of known fields; an unknown key is a mistake. */
export function sectionOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, 'must be a map of fields');
}

/** Makes the fields that hold a number of one kind, within bounds. */
function numbers(kind: string, base: (error: string) => z.ZodNumber) {
  return (min: number, max: number, fallback: number, reload: Reload, description: string) => {
    const made = (error: string) => base(error).min(min, error).max(max, error).default(fallback);
    return noted(made, `${kind} from ${min} to ${max}`, reload, description);
  };
}

export const whole = numbers('a whole number', z.int);
export const decimal = numbers('a number', z.number);

/** One of a few words; the first is the default. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
  reload: Reload,
  description: string,
) {
  return noted((error) => z.enum(words, error).default(words[0]), `one of ${words.join(', ')}`, reload, description);
}

/** A switch. */
export function flag(fallback: boolean, reload: Reload, description: string) {
  return noted((error) => z.boolean(error).default(fallback), 'true or false', reload, description);
}

/** An optional string. */
export function word(reload: Reload, description: string) {
  const made = (error: string) => z.string(error).min(1, error).max(100, error).optional();
  return noted(made, 'a string of 1 to 100 characters', reload, description);
}
