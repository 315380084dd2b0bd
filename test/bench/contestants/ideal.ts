import { type LaneSpec, nextTurn, type Open } from '../contestant.ts';
import type { Message } from '../message.ts';

/** Knows only what W4 needs: the priority message goes at once, then one batch, then the event loop. The limit. */
export const open: Open = (specs) => {
  const backlogs = specs.map((spec) => ({ spec, waiting: [] as Message[] }));
  let isOpen = true;
  let next = 0;
  const step = (): void => {
    if (!isOpen) return;
    next = (next % (backlogs.length - 1)) + 1;
    deliver(backlogs[next]);
    setImmediate(step);
  };
  setImmediate(step);
  return {
    push(message) {
      const backlog = backlogs.find(({ spec }) => spec.type === message.ev);
      if (backlog === undefined || backlog.waiting.length >= backlog.spec.capacity) return false;
      backlog.waiting.push(message);
      if (backlog.spec.batchSize === 1) deliver(backlog);
      return true;
    },
    room: nextTurn,
    async close() {
      isOpen = false;
    },
  };
};

function deliver(backlog: { readonly spec: LaneSpec; readonly waiting: Message[] } | undefined): void {
  if (backlog === undefined || backlog.waiting.length < backlog.spec.batchSize) return;
  backlog.spec.process(backlog.waiting.splice(0, backlog.spec.batchSize))?.catch(() => {});
}
