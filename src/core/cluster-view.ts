/** What one member sees of everybody who shares the partitions of a source. Plain data; durations are on its own clock. */
export interface ClusterView {
  /** This member. */
  readonly member: string;
  readonly members: readonly MemberStatus[];
  /** All partitions, those without an owner too. */
  readonly partitions: readonly PartitionStatus[];
  /** The last changes of owners that this member has seen, oldest first. */
  readonly handOvers: readonly HandOver[];
}

/** One member as another one sees it. */
export interface MemberStatus {
  /** Its name, and what tells two of one name apart: `host-b/4711#k3f9`. */
  readonly member: string;
  /** False: it has been silent for a lease. */
  readonly isThere: boolean;
  /** For how long it has been seen. */
  readonly seenMs: number;
  /** How long ago its last announcement was seen. */
  readonly announcedMs: number;
}

/** One partition as one member sees it. */
export interface PartitionStatus {
  readonly partition: number;
  /** The state of its statechart at this member. */
  readonly state: string;
  /** What led into it, as the statechart has it. */
  readonly cause: string;
  /** The member that has it; null: nobody. */
  readonly owner: string | null;
  /** For how long; since the first look of this member if the owner has had it for longer. */
  readonly ownedMs: number;
  /** How long ago the last commit was; as `ownedMs` if it was before the first look. */
  readonly committedMs: number;
  readonly fence: number;
  /** Everything up to there is settled. */
  readonly position: number;
  /** How many frames were appended after that position, as last measured; null: not measured, or the broker is away. */
  readonly lag: number | null;
  readonly takeovers: number;
  /** In words: "partition 3 of ticks: standby; owned by host-b since 12 s; its last commit 0.2 s ago". */
  readonly text: string;
}

/** One partition changed its owner. */
export interface HandOver {
  readonly partition: number;
  /** When this member saw it, in ms since 1970. */
  readonly at: number;
  /** Null: nobody had it. */
  readonly from: string | null;
  /** Null: it was given back. */
  readonly to: string | null;
  readonly fence: number;
}

/** One change of an owner in words. */
export function handOverInWords({ fence, from, to }: HandOver, members: readonly MemberStatus[] = []): string {
  if (to === null) return `${memberName(from ?? '', members)} gave it back`;
  const whence = from === null ? '' : ` after ${memberName(from, members)}`;
  return `${memberName(to, members)} has it${whence}, fence ${fence}`;
}

/** The name of a member, for people; with what tells it apart if another one of these has the same name. */
export function memberName(member: string, members: readonly Pick<MemberStatus, 'member'>[] = []): string {
  const name = member.split('#')[0] ?? member;
  const isShared = members.some((other) => other.member !== member && other.member.startsWith(`${name}#`));
  return isShared ? member : name;
}
