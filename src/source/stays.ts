import type { Assigned } from '../core/source-port.ts';
import type { Bus } from '../facts/bus.ts';
import { placesOf } from './frame-origin.ts';
import { PartitionReader, type ReaderParts, type StayEnd } from './partition-reader.ts';
import type { HeldFrames, StayView } from './source-view.ts';

/** The partitions of one source that belong to this process, and the counts of stays that are over. */
export class Stays {
  private readonly parts: ReaderParts;
  private readonly bus: Bus;
  private readonly present = new Map<number, PartitionReader>();
  /** Stays that ended with the source: what they hold stays in view. Undefined: the source goes on. */
  private ended: PartitionReader[] | undefined = undefined;
  private past = { read: 0, committed: 0 };
  private missed = 0;

  constructor(parts: Omit<ReaderParts, 'gap' | 'ended'>, bus: Bus) {
    const { source, send } = parts;
    this.bus = bus;
    this.parts = {
      ...parts,
      gap: (partition, from, to) => {
        this.missed += to - from + 1;
        bus.publish('source.gap', { source, partition, from, to });
      },
      ended: (reader, how, why) => {
        const { fence, partition } = reader.assigned;
        this.remove(reader);
        bus.publishAfterwards('stay.ended', { source, partition, fence, how, ...(why && { why }) });
        send({ type: 'partition.ended' });
      },
    };
  }

  get readers(): readonly PartitionReader[] {
    return [...this.present.values()];
  }

  /** A reading of this moment for reports. */
  get view() {
    const { ended = [], readers } = this;
    const all = [...readers, ...ended].map(({ ledger }) => ledger);
    const heldAtEnd = ended.map(({ assigned: { partition, fence }, ledger }): HeldFrames => {
      return { partition, fence, positions: ledger.heldFrames().map(({ position }) => position) };
    });
    return {
      partitions: readers.map(viewOf),
      read: all.reduce((sum, { read }) => sum + read, this.past.read),
      committed: all.reduce((sum, { committed }) => sum + committed, this.past.committed),
      left: this.past.read - this.past.committed,
      held: all.reduce((sum, { held }) => sum + held, 0),
      places: placesOf(all.flatMap((ledger) => ledger.heldFrames())),
      missed: this.missed,
      heldAtEnd: heldAtEnd.filter(({ positions }) => positions.length > 0),
    };
  }

  /** A stay begins; an earlier one of the same partition is over. */
  add(assigned: Assigned): PartitionReader {
    const { fence, partition, takeovers } = assigned;
    this.bus.publish('stay.began', { source: this.parts.source, partition, fence, takeovers });
    this.present.get(partition)?.end('lost');
    const reader = new PartitionReader(assigned, this.parts);
    this.present.set(partition, reader);
    return reader;
  }

  /** The source is being stopped. */
  keepEnded(): void {
    this.ended ??= [];
  }

  endAll(how: StayEnd): void {
    for (const reader of this.readers) reader.end(how);
  }

  private remove(reader: PartitionReader): void {
    const { assigned, ledger } = reader;
    if (this.present.get(assigned.partition) === reader) this.present.delete(assigned.partition);
    if (this.ended !== undefined) return void this.ended.push(reader);
    const { read, committed } = this.past;
    this.past = { read: read + ledger.read, committed: committed + ledger.committed };
  }
}

function viewOf({ assigned, fullBy, isRevoking, ledger, offers }: PartitionReader): StayView {
  const { fence, partition } = assigned;
  const { committed, held, oldest, read } = ledger;
  return {
    ...{ partition, fence, isRevoking, fullBy, read, committed, left: 0, held, oldest },
    places: placesOf(ledger.heldFrames()),
    refusedAs: offers.refusedAs,
  };
}
