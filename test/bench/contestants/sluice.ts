import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { type LaneSpec, nextTurn, type Open, type Process } from '../contestant.ts';
import type { Message } from '../message.ts';

/** What the benchmark needs of a build, and what older builds have too. */
export type Build = Pick<typeof import('sluice'), 'createRouter' | 'ProcessingChannel'>;

/** The build of this directory, or of another clone. */
export async function loadBuild(directory: string | undefined): Promise<Build> {
  if (directory === undefined) return import('sluice');
  return import(pathToFileURL(join(directory, 'dist/src/index.js')).href);
}

/** What every message has, and a price where it has one; the rest is left out. */
const fields = z.object({ ev: z.string(), sym: z.string(), n: z.number(), p: z.number().optional() });

/** Makes channels as a user writes them. */
function sinksOf({ ProcessingChannel }: Pick<Build, 'ProcessingChannel'>, isChecked: boolean) {
  class Sink extends ProcessingChannel<Message> {
    override readonly schema = isChecked ? (fields as unknown as z.ZodType<Message>) : undefined;
    readonly #process: Process;

    constructor(process: Process) {
      super();
      this.#process = process;
    }

    override process(batch: readonly Message[]): Promise<void> | undefined {
      return this.#process(batch);
    }
  }
  return (process: Process) => new Sink(process);
}

/** A channel by name, its handler, and which of its options are not the default. */
type Channel = { readonly name: string; readonly process: Process } & Readonly<Record<string, unknown>>;

/** Options of a router with these channels, each with a handler. */
export function channelsOf(build: Pick<Build, 'ProcessingChannel'>, channels: readonly Channel[], isChecked = false) {
  const sink = sinksOf(build, isChecked);
  return {
    config: { channels: Object.fromEntries(channels.map(({ name, process: _, ...channel }) => [name, channel])) },
    channels: Object.fromEntries(channels.map(({ name, process }) => [name, () => sink(process)])),
  };
}

/** The data types that ship with sluice, by the `ev` of their messages. */
const dataTypes = { T: 'tick', AM: 'ohlcv', FMV: 'fmv' } as const;

/** Options of a router whose channels are the lanes; `channel` holds further options of each. `isChecked`: with a zod schema. */
export function lanesAsChannels(build: Build, lanes: readonly LaneSpec[], channel = {}, isChecked = false) {
  const channels = lanes.map(({ type, ...lane }) => ({ name: dataTypes[type], ...lane, ...channel }));
  return channelsOf(build, channels, isChecked);
}

export function openSluice(build: Build, channel = {}, isChecked = false): Open {
  return async (lanes) => {
    const router = build.createRouter(lanesAsChannels(build, lanes, channel, isChecked));
    await router.start();
    return {
      push: (message) => router.route(message).status === 'accepted',
      room: nextTurn,
      async close() {
        await router.stop({ deadlineMs: 1_000 });
      },
    };
  };
}
