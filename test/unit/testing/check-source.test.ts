import { describe, expect, it } from 'vitest';
import type { LetterStore } from '../../../src/core/letter-store-port.ts';
import type { Assigned, Frame, Source } from '../../../src/core/source-port.ts';
import { openEnvironment } from '../../../src/journal/environment.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openJournalAs } from '../../../src/journal/open-journal.ts';
import { checkSource } from '../../../src/testing/check-source.ts';
import { memoryBroker } from '../../../src/testing/memory-broker.ts';
import { memorySource } from '../../../src/testing/memory-source.ts';
import { createSimulatedClock, type SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { type SimulatedLetterStore, simulatedLetterStore } from '../../../src/testing/simulated-letter-store.ts';
import type { SourceFeature, SourceRig } from '../../../src/testing/source-rig.ts';
import { emptyDirectory } from '../../support/empty-directory.ts';
import { inventedProcess } from '../../support/journals.ts';
import { memberRig } from '../../support/member-rig.ts';

async function memoryRig(): Promise<Required<SourceRig>> {
  const clock = createSimulatedClock();
  const source = memorySource({ clock });
  return {
    source,
    append: async (messages) => void source.append(messages),
    advance: (ms) => clock.advance(ms),
    restart: () => source.close(0),
    kill: async () => source.kill(),
    revoke: (withinMs) => source.revoke(0, withinMs),
    remove: async (count) => void source.remove(count),
    appendBytes: async (bytes) => void source.appendBytes(bytes),
    ...lettersInMemory(clock),
    end: () => source.close(0),
  };
}

function lettersInMemory(clock: SimulatedClock): Required<Pick<SourceRig, 'letters' | 'lettersMax'>> {
  return { letters: simulatedLetterStore({ clock, max: 5 }), lettersMax: 5 };
}

async function journalRig(): Promise<SourceRig> {
  const clock = createSimulatedClock();
  const directory = emptyDirectory();
  const options = { clock, maxLetters: 5 };
  const opened: Journal[] = [];
  const open = async (pid: number): Promise<Journal> => {
    const journal = await openJournalAs(inventedProcess(pid, { [pid - 1]: false }), directory, options);
    opened.push(journal);
    return journal;
  };
  let journal = await open(1);
  const append = async (messages: readonly unknown[]): Promise<void> => {
    await Promise.all([journal.write(messages), clock.advance(2)]);
  };
  return {
    get source() {
      return journal.source;
    },
    get letters() {
      return journal.letters;
    },
    lettersMax: 5,
    append,
    advance: (ms) => clock.advance(ms),
    async restart() {
      await journal.close();
      journal = await open(opened.length + 1);
    },
    async kill() {
      journal = await open(opened.length + 1);
    },
    async appendBytes(bytes) {
      await append(['overwritten']);
      const { lastPosition } = await journal.info();
      const { frames, close } = await openEnvironment(directory);
      await frames.put(lastPosition, Buffer.from(bytes));
      await close();
    },
    async end() {
      for (const each of opened) await each.close();
    },
  };
}

function clusterRig(): Promise<Required<SourceRig>> {
  const clock = createSimulatedClock();
  const broker = memoryBroker({ clock });
  let steps: Promise<void> = Promise.resolve();
  return memberRig({
    clock,
    join: (memberClock) => broker.join({ drainMs: 100, trimEveryMs: Number.POSITIVE_INFINITY }, memberClock).source,
    append: async (bytes) => void broker.appendBytes(bytes),
    removeUpTo: async (position) => broker.remove(position),
    ...lettersInMemory(clock),
    advance(ms) {
      steps = steps.then(() => clock.advance(ms));
      return steps;
    },
  });
}

const allFeatures = ['killable', 'fenced', 'revocable', 'gaps', 'undecodable', 'letters'] as const;
const journalFeatures: readonly SourceFeature[] = ['killable', 'fenced', 'undecodable', 'letters'];
const rigs: readonly (readonly [string, () => Promise<SourceRig>, readonly SourceFeature[]])[] = [
  ['the memory source', memoryRig, allFeatures],
  ['the journal', journalRig, journalFeatures],
  ['a member of a cluster', clusterRig, allFeatures],
];

describe.each(rigs)('the contract of a source holds for %s', (_, make, features) => {
  for (const { name, missing, run } of checkSource(make, features)) if (missing === undefined) it(name, run);
});

it('a check that needs a feature which the source does not have says so', () => {
  const missing = checkSource(journalRig, journalFeatures).filter((check) => check.missing !== undefined);
  expect(missing.map((check) => check.missing)).toEqual(['revocable', 'revocable', 'gaps']);
});

describe('the contract finds', () => {
  /** The memory source, whose stays are not as they should be. */
  async function broken(change: (partition: Assigned) => Partial<Assigned>): Promise<Required<SourceRig>> {
    const rig = await memoryRig();
    const source: Source = {
      close: (withinMs) => rig.source.close(withinMs),
      start: (owner) =>
        rig.source.start({
          ...owner,
          assigned: (partition) =>
            owner.assigned(
              new Proxy(partition, {
                get(target, key) {
                  const changed: Record<PropertyKey, unknown> = { ...change(target) };
                  const value = key in changed ? changed[key] : Reflect.get(target, key);
                  return typeof value === 'function' ? value.bind(target) : value;
                },
              }),
            ),
        }),
    };
    return { ...rig, source };
  }

  const written: number[] = [];
  const isLeft = ({ position }: Frame): boolean => position > (written.at(-1) ?? 0);
  const goingBack = (partition: Assigned): Partial<Assigned> => ({
    commit: async (position) => (written.push(position) > 0 ? 'kept' : 'lost'),
    read: async (_, signal) => (await partition.read({ frames: 9, bytes: 1e6 }, signal)).filter(isLeft),
  });
  const flaws: readonly (readonly [string, (partition: Assigned) => Partial<Assigned>, string])[] = [
    ['a commit that goes back', goingBack, 'committed twice'],
    ['a commit that writes nothing', () => ({ commit: async () => 'kept' }), 'committed, then restarted'],
    ['a fence that stands still', () => ({ fence: 1 }), 'the fence grows'],
    ['deaths that are not counted', () => ({ takeovers: 0 }), 'a death without a commit'],
    [
      'frames in the wrong order',
      (partition) => ({ read: async (room, signal) => [...(await partition.read(room, signal))].reverse() }),
      'every message comes once',
    ],
    [
      'a read that forgets its room',
      (partition) => ({ read: (_, signal) => partition.read({ frames: 99, bytes: 1e9 }, signal) }),
      'a read brings at most its room',
    ],
    ['a stay that never hears that it is over', () => ({ lost: new AbortController().signal }), 'close ends the stay'],
  ];

  it.each(flaws)('%s', async (_, change, name) => {
    const check = checkSource(() => broken(change), ['killable']).find((each) => each.name.startsWith(name));
    await expect(check?.run()).rejects.toThrow();
  });
});

describe('the contract finds a store of dead letters', () => {
  const flaws: readonly (readonly [string, (store: SimulatedLetterStore) => Partial<LetterStore>, string])[] = [
    [
      'that evicts',
      (store) => ({
        async add(letter) {
          if (store.size === 5) await store.drop({ limit: 1 });
          await store.add(letter);
        },
      }),
      'a full store rejects',
    ],
    [
      'that takes a letter twice',
      (store) => {
        let n = 0;
        return { add: (letter) => store.add({ ...letter, id: `${letter.id} ${n++}` }) };
      },
      'a death between a letter and the commit',
    ],
    ['that forgets replays', () => ({ markReplayed: async () => {} }), 'letters outlive a restart'],
  ];

  it.each(flaws)('%s', async (_, change, name) => {
    const make = async (): Promise<Required<SourceRig>> => {
      const rig = await memoryRig();
      const store = simulatedLetterStore({ clock: createSimulatedClock(), max: 5 });
      return { ...rig, letters: { ...store, ...change(store) } };
    };
    const check = checkSource(make, allFeatures).find((each) => each.name.startsWith(name));
    await expect(check?.run()).rejects.toThrow();
  });
});
