import type { ClusterView, HandOver, PartitionStatus } from '../../core/cluster-view.ts';
import { handOverInWords, memberName } from '../../core/cluster-view.ts';
import { find, make, makeSvg, makeTable, rebuild, setText, setTone } from './dom.ts';
import { count, duration, timeOfDay } from './format.ts';

const LISTED_MAX = 12;
/** Owners beyond that share colours; their names tell them apart. */
const COLOURS = 6;
/** A partition without an owner, or frames without a commit, for so long are a worry, in ms. */
const WAITING_MS = 10_000;
/** Members announce themselves every half second, unless their lease is long; one that has not for so long may be dead. */
const LATE_MS = 1_500;

const PARTITION_HEADS = ['partition', 'here', 'owner', 'since', 'last commit', 'lag', 'fence', 'last two minutes'];
const MEMBER_HEADS = ['member', 'state', 'seen for', 'last announcement', 'partitions', 'lag'];

/** Who has which partition of one source, drawn once; afterwards only texts change, so that buttons keep the focus. */
class ClusterBoard {
  readonly element: HTMLElement;
  readonly #summary = make('p', { class: 'muted' });
  readonly #members = make('tbody');
  readonly #partitions = make('tbody');
  readonly #handOvers = make('ol', { class: 'events' });
  readonly #source: string;
  /** Undefined: nothing more is known of a partition. */
  readonly #select: ((partition: string) => void) | undefined;
  readonly #colours = new Map<string, number>();

  constructor(source: string, select?: (partition: string) => void) {
    this.#source = source;
    this.#select = select;
    this.element = make(
      'section',
      { class: 'panel cluster', 'data-cluster': source },
      make('div', { class: 'row' }, make('h2', {}, `Cluster of ${source}`), this.#summary),
      makeTable(MEMBER_HEADS, this.#members, 'Members'),
      makeTable(PARTITION_HEADS, this.#partitions, 'Partitions'),
      make('h3', {}, 'Hand-overs'),
      this.#handOvers,
    );
  }

  /** `at`: when the view was taken, in ms since 1970. */
  update(view: ClusterView, at: number): void {
    const { handOvers, members, partitions } = view;
    for (const { owner } of partitions) if (owner !== null) this.#colourOf(owner);
    const there = members.filter(({ isThere }) => isThere).length;
    const unowned = partitions.filter(({ owner }) => owner === null).length;
    const rest = unowned === 0 ? 'each has an owner' : `${unowned} ${unowned === 1 ? 'has' : 'have'} no owner`;
    setText(
      this.#summary,
      `${there} members share ${partitions.length} partitions; ${rest}; seen by ${memberName(view.member)}`,
    );
    this.#showMembers(view);
    rebuild(this.#partitions, String(partitions.length), () => partitions.map((each) => this.#partitionRow(each)));
    for (const [index, partition] of partitions.entries()) {
      const row = this.#partitions.children[index] as HTMLTableRowElement; // As many were made.
      this.#updatePartition(row, partition, view, at);
    }
    const last = handOvers.slice(-LISTED_MAX).reverse();
    rebuild(this.#handOvers, JSON.stringify(last), () =>
      last.map((each) => {
        const time = make('span', { class: 'muted' }, timeOfDay(each.at));
        const who = make('span', { class: 'who' }, `partition ${each.partition}`);
        return make('li', {}, time, who, make('span', { class: 'what' }, handOverInWords(each, members)));
      }),
    );
  }

  #showMembers({ members, member: own, partitions }: ClusterView): void {
    const sorted = [...members].sort((a, b) => (a.member < b.member ? -1 : 1));
    rebuild(this.#members, sorted.map(({ member }) => member).join(), () =>
      sorted.map(({ member }) =>
        make(
          'tr',
          {},
          make('th', { 'data-owner': this.#colourOf(member) }, memberName(member, members)),
          ...cells(MEMBER_HEADS),
        ),
      ),
    );
    for (const [index, { member, announcedMs, isThere, seenMs }] of sorted.entries()) {
      const row = this.#members.children[index] as HTMLTableRowElement; // As many were made.
      const owned = partitions.filter(({ owner }) => owner === member);
      const lag = owned.reduce((sum, each) => sum + (each.lag ?? 0), 0);
      const state = isThere ? (member === own && this.#select !== undefined ? 'this one' : 'there') : 'silent';
      fill(row, [state, duration(seenMs), `${duration(announcedMs)} ago`, String(owned.length), count(lag)]);
      setTone(row, isThere ? (announcedMs > LATE_MS ? 'wait' : 'plain') : 'bad');
    }
  }

  #partitionRow({ partition }: PartitionStatus): HTMLElement {
    const name = String(partition);
    const button = make('button', { type: 'button', class: 'link' }, name);
    button.addEventListener('click', () => this.#select?.(`${this.#source}/${name}`));
    const head = make('th', { scope: 'row' }, this.#select === undefined ? name : button);
    return make('tr', { 'data-partition': partition }, head, ...cells(PARTITION_HEADS));
  }

  #updatePartition(row: HTMLTableRowElement, status: PartitionStatus, view: ClusterView, at: number): void {
    const { committedMs, fence, lag, owner, ownedMs, partition, state } = status;
    const [, , named, , , , , strip] = row.cells;
    const seen = view.members.find(({ member }) => member === owner);
    const isGone = seen?.isThere === false;
    const isLate = (seen?.announcedMs ?? 0) > LATE_MS;
    const isWaiting = (lag ?? 0) > 0 && committedMs > WAITING_MS;
    const isOrphan = owner === null && ownedMs > WAITING_MS;
    const isWorry = owner === null || isWaiting || isLate;
    setTone(row, isOrphan || isGone || state === 'halted' ? 'bad' : isWorry ? 'wait' : 'plain');
    const who = owner === null ? 'nobody' : `${memberName(owner, view.members)}${isGone ? ' (silent)' : ''}`;
    const behind = lag === null ? '–' : count(lag);
    fill(row, [state, who, duration(ownedMs), `${duration(committedMs)} ago`, behind, String(fence)]);
    named?.setAttribute('data-owner', owner === null ? 'none' : String(this.#colourOf(owner)));
    const changes = view.handOvers.filter((each) => each.partition === partition);
    if (strip !== undefined) ownerStrip(strip, changes, owner, at, (member) => this.#colourOf(member));
  }

  #colourOf(member: string): number {
    const known = this.#colours.get(member) ?? this.#colours.size % COLOURS;
    this.#colours.set(member, known);
    return known;
  }
}

/** A board for each source that is shared. */
export class ClusterBoards {
  readonly #boards = new Map<string, ClusterBoard>();
  readonly #select: ((partition: string) => void) | undefined;

  constructor(select?: (partition: string) => void) {
    this.#select = select;
  }

  update(clusters: Readonly<Record<string, ClusterView>>, at: number): void {
    for (const [name, view] of Object.entries(clusters)) {
      const board = this.#boards.get(name) ?? new ClusterBoard(name, this.#select);
      if (!this.#boards.has(name)) find('clusters').append(board.element);
      this.#boards.set(name, board);
      board.update(view, at);
    }
  }
}

function cells(heads: readonly string[]): HTMLElement[] {
  return heads.slice(1).map(() => make('td'));
}

/** The cells after the first. */
function fill(row: HTMLTableRowElement, texts: readonly string[]): void {
  for (const [index, text] of texts.entries()) {
    const at = row.cells[index + 1];
    if (at !== undefined) setText(at, text);
  }
}

const SECONDS = 120;

/** Who had a partition when, as a band of colours up to `at`; null: nobody. */
function ownerStrip(
  element: HTMLElement,
  handOvers: readonly HandOver[],
  owner: string | null,
  at: number,
  colourOf: (member: string) => number,
): void {
  const start = at - SECONDS * 1_000;
  const changes = handOvers.filter((each) => each.at > start);
  const bands = [...changes, undefined].map((change, index) => {
    const before = changes[index - 1];
    return {
      from: before === undefined ? 0 : (before.at - start) / 1_000,
      to: change === undefined ? SECONDS : (change.at - start) / 1_000,
      who: change === undefined ? owner : change.from,
    };
  });
  // Before the first change that this member saw, it was not there to see.
  const seenFrom = handOvers.length === changes.length && changes[0]?.from === null ? bands.slice(1) : bands;
  const key = seenFrom.map(({ from, to, who }) => `${Math.round(from)} ${Math.round(to)} ${who}`).join();
  rebuild(element, key, () => [
    makeSvg(
      'svg',
      { class: 'owners', viewBox: `0 0 ${SECONDS} 10`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      ...seenFrom.map(({ from, to, who }) =>
        makeSvg('rect', {
          ...{ x: from, y: 0, width: Math.max(0, to - from), height: 10 },
          'data-owner': who === null ? 'none' : colourOf(who),
        }),
      ),
    ),
  ]);
}
