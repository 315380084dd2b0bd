import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isThenable, notNested, watch } from '../core/contained.ts';
import type { AnyChannel } from './processing-channel.ts';

/** Checks and converts a message at the door; throws to refuse it. */
export type Validate = (message: unknown) => unknown;

/** Takes everything in, before there is an instance to check it: the first one does. */
export const unchecked: Validate = (message) => message;

/** How a channel checks messages at its door: by its `validate`, else by its schema; undefined: it does not. */
export function validatorOf(channel: AnyChannel): Validate | undefined {
  if (channel.validate !== undefined)
    return notNested((message: unknown) => atOnce(channel.validate?.(message), 'validate'));
  const { schema } = channel;
  return schema === undefined ? undefined : notNested((message: unknown) => checkBySchema(schema, message));
}

/** The door cannot wait; what a promise brings later is nobody's, and must not reach the host as an unhandled rejection. */
function atOnce<Value>(answer: Value, who: string): Exclude<Value, Promise<unknown>> {
  if (!isThenable(answer)) return answer as Exclude<Value, Promise<unknown>>;
  watch(answer);
  throw new TypeError(`${who} answers by a promise; a message is checked at the door, which cannot wait`);
}

/** What a schema makes of a value; throws what it says against it. */
export function checkBySchema(schema: StandardSchemaV1, value: unknown): unknown {
  const result = atOnce(schema['~standard'].validate(value), 'the schema');
  if (result.issues === undefined) return result.value;
  throw new TypeError(result.issues.map((issue) => `${pathOf(issue)}${issue.message}`).join('; '));
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  const parts = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return parts.length === 0 ? '' : `${parts.join('.')}: `;
}
