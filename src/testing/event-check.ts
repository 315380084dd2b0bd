import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnyChannel } from '../channel/processing-channel.ts';
import { checkBySchema } from '../channel/validator.ts';
import type { AnyEmitted } from '../facts/events.ts';

/** Checks emitted events against the `events` of their channel, which a router in production does not do. */
export class EventCheck {
  readonly #schemas = new Map<string, StandardSchemaV1>();
  #problems: string[] = [];

  made(name: string, channel: AnyChannel): void {
    // `static events` belongs to the class of the instance, which only its constructor knows.
    const { events } = channel.constructor as { readonly events?: StandardSchemaV1 | undefined };
    if (events !== undefined) this.#schemas.set(name, events);
  }

  emitted({ channel, event }: AnyEmitted): void {
    const schema = this.#schemas.get(channel);
    if (schema === undefined) return;
    try {
      checkBySchema(schema, event);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#problems.push(`${channel} emitted an event that its 'events' does not allow: ${why}`);
    }
  }

  /** Throws if there were wrong events since the last call. */
  verify(): void {
    const problems = this.#problems;
    this.#problems = [];
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }
}
