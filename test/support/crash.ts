import type { AnyActor, InspectionEvent } from 'xstate';
import { channelMachine } from '../../machines/channel.ts';

/** Makes statecharts of channels throw: a bug of ours, planted from outside. */
export interface Crash {
  readonly inspect: (event: InspectionEvent) => void;
  /** The next transition of the channel's chart throws; in any state but a final one its actor fails. */
  crash(channel: string): void;
}

export function createCrash(): Crash {
  const actors = new Map<string, InspectionEvent['actorRef']>();
  return {
    inspect: ({ actorRef }) => {
      const { id, logic } = actorRef as AnyActor; // Every actor of ours is one; the event's type says less.
      if (logic.config === channelMachine.config) actors.set(id, actorRef);
    },
    crash(channel) {
      const actor = actors.get(channel);
      if (actor === undefined) throw new Error(`no actor of ${channel} was seen`);
      actor.send(bomb());
    },
  };
}

/** An event that every state takes, and that throws when the chart's own action reads it. */
function bomb(): { readonly type: string } {
  return {
    get type() {
      if (new Error().stack?.includes('machines/channel.ts')) throw new Error('planted');
      return 'channel.abandon';
    },
  };
}
