import { assign, createActor, fromPromise, setup } from 'xstate';
import { joinLanes, type LaneSpec } from '../contestant.ts';
import type { Message } from '../message.ts';

interface Context {
  readonly waiting: readonly Message[];
}

/** A plain machine as its documentation teaches: each message is an event and a transition, the buffer is context. */
function machineFor({ batchSize, timeoutMs, process }: LaneSpec) {
  return setup({
    types: { context: {} as Context, events: {} as { type: 'message'; message: Message } },
    actors: {
      deliver: fromPromise<void, readonly Message[]>(async ({ input }) => process(input)),
    },
    actions: {
      keep: assign({ waiting: ({ context, event }) => [...context.waiting, event.message] }),
      drop: assign({ waiting: ({ context }) => context.waiting.slice(batchSize) }),
    },
    guards: {
      isFull: ({ context }) => context.waiting.length >= batchSize,
      isEmpty: ({ context }) => context.waiting.length === 0,
    },
    delays: { window: timeoutMs },
  }).createMachine({
    id: 'lane',
    context: { waiting: [] },
    initial: 'idle',
    on: { message: { actions: 'keep' } },
    states: {
      idle: {
        always: [{ guard: 'isFull', target: 'flushing' }, { guard: { type: 'isEmpty' } }],
        on: { message: { target: 'buffering', actions: 'keep' } },
      },
      buffering: {
        always: { guard: 'isFull', target: 'flushing' },
        after: { window: 'flushing' },
      },
      flushing: {
        invoke: {
          id: 'deliver',
          src: 'deliver',
          input: ({ context }) => context.waiting.slice(0, batchSize),
          onDone: { target: 'rest', actions: 'drop' },
        },
      },
      rest: {
        always: [
          { guard: 'isFull', target: 'flushing' },
          { guard: 'isEmpty', target: 'idle' },
          { target: 'buffering' },
        ],
      },
    },
  });
}

export const open = joinLanes((spec) => {
  const actor = createActor(machineFor(spec)).start();
  return {
    push(message) {
      if (actor.getSnapshot().context.waiting.length >= spec.capacity) return false;
      actor.send({ type: 'message', message });
      return true;
    },
    close: () => void actor.stop(),
  };
});
