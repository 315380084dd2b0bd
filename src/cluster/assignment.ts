import { fnv1a } from '../core/partition-of.ts';

/**
 * Shares partitions out among members: each goes to the member that ranks highest for it and has fewer than
 * ⌈partitions / members⌉. All who know the same members come to the same result, and few partitions move when a member
 * joins or leaves. Source of the ranking: Thaler and Ravishankar, "A name-based mapping scheme for rendezvous" (1996).
 */
export function assignPartitions(members: readonly string[], partitions: number): ReadonlyMap<number, string> {
  const pairs = members.flatMap((member) =>
    Array.from({ length: partitions }, (_, partition) => ({ member, partition, rank: rankOf(member, partition) })),
  );
  pairs.sort((a, b) => b.rank - a.rank || a.partition - b.partition || (a.member < b.member ? -1 : 1));
  const countMax = Math.ceil(partitions / members.length);
  const counts = new Map<string, number>();
  const assigned = new Map<number, string>();
  for (const { member, partition } of pairs) {
    const count = counts.get(member) ?? 0;
    if (assigned.has(partition) || count >= countMax) continue;
    assigned.set(partition, member);
    counts.set(member, count + 1);
  }
  return assigned;
}

/** FNV alone ranks similar names alike: its last bytes hardly reach the upper bits. Source of the mixer: MurmurHash3. */
function rankOf(member: string, partition: number): number {
  let rank = fnv1a(`${partition}/${member}`);
  rank = Math.imul(rank ^ (rank >>> 16), 0x85ebca6b);
  rank = Math.imul(rank ^ (rank >>> 13), 0xc2b2ae35);
  return (rank ^ (rank >>> 16)) >>> 0;
}
