import type { Actor } from 'xstate';
import type { ownershipMachine } from '../../machines/ownership.ts';
import { type MemberStatus, memberName, type PartitionStatus } from '../core/cluster-view.ts';
import { contained } from '../core/contained.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import { seconds } from '../report/duration.ts';
import type { ClusterAlert, ClusterSettings } from './cluster-options.ts';
import type { OwnedPartition } from './owned-partition.ts';
import { Unanswered } from './patience.ts';

/** A broker that was asked so often without an answer is not slow, it is away. */
const UNANSWERED_MAX = 3;

/** What concerns all partitions of a source, and whether the host was told of it. */
export class HostAlerts {
  readonly #name: string;
  readonly tell: (alert: ClusterAlert) => void;
  /** Why nothing is read, in words. */
  unreachable: string | undefined;
  #told: string | undefined;
  /** What is wrong with the settings of the broker. */
  #mistakes: readonly string[] = [];
  #namesakes = 0;
  /** How long the first answer took that came too late; undefined: the last one came in time. */
  #lateMs: number | undefined;
  /** How often it was asked in vain since its last answer. */
  #unanswered = 0;
  readonly #settings: ClusterSettings;
  readonly noteAnswered = (tookMs: number): void => {
    this.#unanswered = 0;
    this.#lateMs = tookMs > this.#settings.answerMs ? (this.#lateMs ?? tookMs) : undefined;
  };
  /** Told with the next answer. */
  readonly noteMistakes = (mistakes: readonly string[]): void => {
    this.#mistakes = mistakes;
  };

  constructor(name: string, settings: ClusterSettings, onAlert: ((alert: ClusterAlert) => void) | undefined) {
    this.#name = name;
    this.#settings = settings;
    this.tell = telling(`onAlert of ${name}`, onAlert);
  }

  /** Undefined: the broker answered. Told once, again when the broker answers what is wrong with it, and when it is over. Returns why. */
  noteAnswer(failure: unknown, owned: readonly OwnedPartition[]): unknown {
    const broker = `the broker of ${this.#name}`;
    const error = this.#reasonOf(failure);
    const text = error === undefined ? this.#troubled(owned) : `${broker} cannot be used: ${errorText(error)}`;
    const isAnswer = error instanceof SluiceError && error.code === 'refused';
    this.unreachable = text;
    if (text === this.#told || (text !== undefined && this.#told !== undefined && !isAnswer)) return error;
    this.#told = text;
    if (text === undefined) this.#tell('source-reachable', `${broker} can be used again`);
    else this.#tell('source-unreachable', text);
    return error;
  }

  /** Two of one name share the partitions as any two do, but people take them for one. */
  noteMembers(own: string, members: readonly MemberStatus[], leaseMs: number): void {
    // One that was there before this one, and is gone, is seen for a lease.
    const there = members.filter(({ member, isThere, seenMs }) => member !== own && isThere && seenMs > leaseMs);
    const namesakes = there.filter(({ member }) => memberName(member) === memberName(own));
    const names = [own, ...namesakes.map(({ member }) => member)].join(' and ');
    const isMore = namesakes.length > this.#namesakes;
    this.#namesakes = namesakes.length;
    if (isMore) this.#tell('source-namesake', `${names} are members of ${this.#name} with one name: give each its own`);
  }

  /** An answer that comes too late says what is wrong, too, until none comes any more. */
  #reasonOf(failure: unknown): unknown {
    const { leaseMs, answerMs } = this.#settings;
    if (!(failure instanceof Unanswered)) return failure;
    this.#unanswered += 1;
    if (this.#lateMs === undefined || this.#unanswered > UNANSWERED_MAX) return failure;
    const cure = `find out what slows it down, or raise leaseMs from ${leaseMs} to ${Math.ceil(this.#lateMs * 4)}`;
    const text = `it answers after ${seconds(this.#lateMs)}, and must within ${seconds(answerMs)}: ${cure}`;
    return new SluiceError('refused', text);
  }

  #troubled(owned: readonly OwnedPartition[]): string | undefined {
    const [first, ...others] = owned.filter(({ trouble }) => trouble !== undefined);
    const more = others.length === 0 ? '' : `; it is the same with ${others.length} more`;
    if (first !== undefined) return `partition ${first.partition} of ${this.#name} ${first.trouble}${more}`;
    if (this.#mistakes.length === 0) return undefined;
    return `the broker of ${this.#name} is not as it must be: ${this.#mistakes.join('; ')}`;
  }

  #tell(kind: ClusterAlert['kind'], text: string): void {
    this.tell({ kind, partition: undefined, text });
  }
}

/** A listener that throws was told all the same: what tells it goes on, and the process warns of it. */
export function telling<Told>(what: string, tell: ((told: Told) => void) | undefined): (told: Told) => void {
  const warn = (error: unknown): void => process.emitWarning(`${what} threw ${errorText(error)}`);
  return contained((told: Told) => tell?.(told), warn);
}

/** A partition at one member, whose statechart is in this state because of this. */
export function partitionStatus(
  name: string,
  { partition, watch, lease, halted, trouble, lag }: OwnedPartition,
  { state, cause }: Pick<PartitionStatus, 'state' | 'cause'>,
  members: readonly MemberStatus[],
): PartitionStatus {
  const { owner, epoch: fence, position, takeovers } = watch.cell;
  const { ownedMs, committedMs } = watch.ages;
  const who = owner === null ? 'nobody has it' : `owned by ${memberName(owner, members)} since ${seconds(ownedMs)}`;
  const doubt =
    lease.isHeld && !lease.isValid ? `; the broker has not confirmed the lease for ${seconds(lease.keptMs)}` : '';
  const ills = trouble === undefined ? '' : `; it ${trouble}`;
  const why = state === 'halted' ? `; ${halted}` : ills;
  const text = `partition ${partition} of ${name}: ${state}; ${who}; its last commit ${seconds(committedMs)} ago${doubt}${why}`;
  return { partition, state, cause, owner, ownedMs, committedMs, fence, position, lag, takeovers, text };
}

/** The innermost state of its statechart, and what led into it. */
export function stateOf(actor: Actor<typeof ownershipMachine> | undefined) {
  const { value = 'closed', context } = actor?.getSnapshot() ?? {};
  return { state: typeof value === 'object' ? value.owned : value, cause: context?.cause ?? '' };
}
