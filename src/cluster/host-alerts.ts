import type { MemberStatus } from '../core/cluster-view.ts';
import { memberName } from '../core/cluster-view.ts';
import { errorText } from '../core/error-text.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { ClusterAlert } from './cluster-alert.ts';
import type { OwnedPartition } from './owned-partition.ts';

/** What concerns all partitions of a source, and whether the host was told of it. */
export class HostAlerts {
  readonly #name: string;
  readonly #onAlert: ((alert: ClusterAlert) => void) | undefined;
  #unreachable: string | undefined;
  #told: string | undefined;
  #namesakes = 0;

  constructor(name: string, onAlert: ((alert: ClusterAlert) => void) | undefined) {
    this.#name = name;
    this.#onAlert = onAlert;
  }

  /** Why nothing is read, in words. */
  get unreachable(): string | undefined {
    return this.#unreachable;
  }

  /** Undefined: the broker answered. Told once, again when the broker answers what is wrong with it, and when it is over. */
  noteAnswer(error: unknown, owned: readonly OwnedPartition[]): void {
    const text = error === undefined ? this.#unreadable(owned) : `${this.#broker} cannot be used: ${errorText(error)}`;
    const isAnswer = error instanceof SluiceError && error.code === 'refused';
    this.#unreachable = text;
    if (text === this.#told || (text !== undefined && this.#told !== undefined && !isAnswer)) return;
    this.#told = text;
    const kind = text === undefined ? 'source-reachable' : 'source-unreachable';
    this.#tell(kind, text ?? `${this.#broker} can be used again`);
  }

  /** Two of one name share the partitions as any two do, but people and dashboards take them for one. */
  noteMembers(own: string, members: readonly MemberStatus[], leaseMs: number): void {
    const name = memberName(own);
    // One that was there before this one, and is gone, is seen for a lease.
    const isNamesake = ({ member, isThere, seenMs }: MemberStatus): boolean =>
      member !== own && isThere && seenMs > leaseMs && memberName(member) === name;
    const others = members.filter(isNamesake).map(({ member }) => member);
    const isMore = others.length > this.#namesakes;
    this.#namesakes = others.length;
    if (isMore)
      this.#tell(
        'source-namesake',
        `${[own, ...others].join(' and ')} are members of ${this.#name} with one name: give each its own`,
      );
  }

  #unreadable(owned: readonly OwnedPartition[]): string | undefined {
    const [first, ...others] = owned.filter(({ unreadable }) => unreadable !== undefined);
    const more = others.length === 0 ? '' : `; nor can ${others.length} others`;
    return first && `partition ${first.partition} of ${this.#name} cannot be read: ${first.unreadable}${more}`;
  }

  get #broker(): string {
    return `the broker of ${this.#name}`;
  }

  #tell(kind: ClusterAlert['kind'], text: string): void {
    this.#onAlert?.({ kind, partition: undefined, text });
  }
}
