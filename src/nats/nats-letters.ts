import { createHash } from 'node:crypto';
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { JetStreamApiCodes, JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { BrokerLetters, type LetterText, type LetterTexts } from '../cluster/broker-letters.ts';
import { checkOptions } from '../config/options.ts';
import type { LetterStore } from '../core/letter-store-port.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { isFull, isStale } from './nats-error.ts';
import { type LetterSettings, letterSettings, type NatsLetterOptions } from './nats-options.ts';
import { jetstreamOf, prepareStream } from './prepare-streams.ts';
import { letterStreamConfig, letterStreamName, letterSubject, mistakesInStream } from './stream-config.ts';

const ANSWER_MS = 2_000;
/** So many letters are asked for at once. */
const BATCH = 200;
/** What a message to the server has beside its letter. */
const HEADERS_BYTES_MAX = 1_000;

/** Dead letters in a stream of NATS JetStream, which is made when it is missing: the same for all processes. */
export function natsLetters(options: NatsLetterOptions): LetterStore {
  checkOptions('natsLetters', options, {
    connection: true,
    channel: true,
    replicas: true,
    maxBytes: true,
    maxLetters: true,
  });
  return new BrokerLetters(new NatsLetterTexts(letterSettings(options)));
}

/** One subject per letter, so that a letter is there once and a newer text takes the place of the older one. */
class NatsLetterTexts implements LetterTexts {
  readonly #settings: LetterSettings;
  readonly #name: string;
  #prepared: Promise<JetStreamManager> | undefined;

  constructor(settings: LetterSettings) {
    this.#settings = settings;
    this.#name = letterStreamName(settings.channel);
  }

  async count(): Promise<number> {
    const { config, state } = await (await this.#prepare()).streams.info(this.#name);
    // Somebody has set it otherwise: the next letter is refused, before the server evicts one.
    if (mistakesInStream(this.#name, config, letterStreamConfig(this.#settings)).length > 0) this.#prepared = undefined;
    return state.messages;
  }

  async add(id: string, text: string): Promise<void> {
    await this.#write(id, text, 0);
  }

  async read(id: string): Promise<LetterText | undefined> {
    const found = await this.#readSubject(await this.#prepare(), this.#subjectOf(id));
    return found === undefined ? undefined : textOf(found);
  }

  async *readAll(): AsyncIterable<LetterText> {
    const manager = await this.#prepare();
    const subjects = await this.#subjects(manager);
    for (let from = 0; from < subjects.length; from += BATCH) {
      const batch = subjects.slice(from, from + BATCH).map((subject) => this.#readSubject(manager, subject));
      // One that is gone was dropped meanwhile.
      for (const found of await Promise.all(batch)) if (found !== undefined) yield textOf(found);
    }
  }

  replace(id: string, { revision }: LetterText, text: string): Promise<boolean> {
    return this.#write(id, text, revision);
  }

  async remove(ids: readonly string[]): Promise<number> {
    const { streams } = await this.#prepare();
    let removed = 0;
    for (const id of ids) removed += (await streams.purge(this.#name, { filter: this.#subjectOf(id) })).purged;
    return removed;
  }

  /** False: the letter is not as it was at that revision, 0 for not there. */
  async #write(id: string, text: string, revision: number): Promise<boolean> {
    await this.#prepare();
    const { connection, maxLetters, maxBytes } = this.#settings;
    const size = Buffer.byteLength(text);
    // What the server takes is unknown while it is away.
    const sizeMax = (connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - HEADERS_BYTES_MAX;
    const large = `a letter of ${size} bytes is larger than max_payload allows: ${sizeMax}`;
    if (size > sizeMax) throw new SluiceError('invalid-message', large);
    const expect = { streamName: this.#name, lastSubjectSequence: revision };
    try {
      await jetstream(connection).publish(this.#subjectOf(id), text, { timeout: ANSWER_MS, expect });
      return true;
    } catch (error) {
      if (isStale(error)) return false;
      if (!isFull(error)) throw error;
      const bounds = `${maxLetters} letters (maxLetters) or ${maxBytes} bytes (maxBytes)`;
      throw new SluiceError('store-full', `${this.#name} has ${bounds}: drop some`, { cause: error });
    }
  }

  async #subjects(manager: JetStreamManager): Promise<readonly string[]> {
    const filter = this.#subjectOf(undefined);
    const { state } = await manager.streams.info(this.#name, { subjects_filter: filter });
    return Object.keys(state.subjects ?? {});
  }

  async #readSubject(manager: JetStreamManager, last_by_subj: string): Promise<StoredMsg | undefined> {
    try {
      return (await manager.streams.getMessage(this.#name, { last_by_subj })) ?? undefined;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.NoMessageFound) return undefined;
      throw error;
    }
  }

  /** Ids are of any characters, and a token of a subject is not. */
  #subjectOf(id: string | undefined): string {
    const token = id === undefined ? '*' : createHash('sha256').update(id).digest('base64url');
    return letterSubject(this.#settings.channel, token);
  }

  #prepare(): Promise<JetStreamManager> {
    this.#prepared ??= this.#prepareStream().catch((error) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #prepareStream(): Promise<JetStreamManager> {
    const manager = await jetstreamOf(this.#settings.connection);
    const mistakes = await prepareStream(manager, this.#name, letterStreamConfig(this.#settings));
    if (mistakes.length === 0) return manager;
    throw new SluiceError('invalid-config', `the letters cannot be kept:\n  ${mistakes.join('\n  ')}`);
  }
}

function textOf(message: StoredMsg): LetterText {
  return { text: message.string(), revision: message.seq };
}
