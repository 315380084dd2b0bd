import { hostname } from 'node:os';
import { type Actor, createActor } from 'xstate';
import { ownershipMachine } from '../../machines/ownership.ts';
import type { Clock } from '../core/clock.ts';
import { type ClusterView, memberName, type PartitionStatus } from '../core/cluster-view.ts';
import { errorText } from '../core/error-text.ts';
import type { Random } from '../core/random.ts';
import { SluiceError } from '../core/sluice-error.ts';
import type { Source, SourceOwner } from '../core/source-port.ts';
import { assignPartitions } from './assignment.ts';
import type { Broker } from './broker.ts';
import { type ClusterOptions, type ClusterSettings, clusterSettings } from './cluster-options.ts';
import { HostAlerts, partitionStatus, stateOf } from './host-alerts.ts';
import { Membership } from './membership.ts';
import { OwnedPartition, type PartitionParts } from './owned-partition.ts';
import { pause, within } from './patience.ts';

/** The world of a source. */
export interface ClusterParts {
  /** What the partitions are of, for texts. */
  readonly name: string;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
}

interface Member {
  readonly id: string;
  readonly membership: Membership;
  readonly owned: readonly OwnedPartition[];
  readonly actors: Actor<typeof ownershipMachine>[];
  readonly over: AbortController;
  readonly standing: Standing;
}

/** What the statecharts of a member ask. */
interface Standing {
  ours: ReadonlySet<number>;
  isClosing: boolean;
}

/** The lag of a partition is measured so rarely, and settings of the broker are looked at, in beats. */
const LAG_BEATS = 10;
/** Changes of owners that a view has. */
const HAND_OVERS_MAX = 100;

/** A source whose partitions are shared out among all members that use the same broker. */
export class ClusterSource implements Source {
  readonly #parts: ClusterParts;
  readonly #options: ClusterOptions;
  readonly #settings: ClusterSettings;
  #member: Member | undefined;
  #isStarting = false;
  /** It was closed while it started. */
  #isCancelled = false;
  readonly #alerts: HostAlerts;
  #closed: Promise<void> | undefined;

  constructor(parts: ClusterParts, options: ClusterOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#settings = clusterSettings(options);
    this.#alerts = new HostAlerts(parts.name, this.#settings, options.onAlert);
  }

  async start(owner: SourceOwner): Promise<void> {
    if (this.#isStarting || this.#member !== undefined)
      throw new SluiceError('refused', `the source of ${this.#parts.name} is started already: close it first`);
    this.#isStarting = true;
    this.#isCancelled = false;
    try {
      await this.#parts.broker.prepare();
      this.#checkCancelled();
      const member = this.#makeMember(owner);
      await member.membership.beat();
      if (this.#isCancelled) await member.membership.leave().catch(() => {});
      this.#checkCancelled();
      this.#member = member;
      member.owned.forEach((_, partition) => void this.#supervise(member, partition));
      this.#assign(member);
      void this.#beatForever(member);
      await this.#firstAttempts(member);
    } catch (error) {
      throw this.#isCancelled ? error : this.#alerts.noteAnswer(error, []);
    } finally {
      this.#isStarting = false;
    }
  }

  close(withinMs: number): Promise<void> {
    this.#isCancelled = true;
    const member = this.#member;
    if (member === undefined) return this.#closed ?? Promise.resolve();
    this.#member = undefined;
    this.#closed = this.#close(member, withinMs);
    return this.#closed;
  }

  /** What each partition is at this member, and who has it, as far as this member has seen. */
  partitions(): readonly PartitionStatus[] {
    const member = this.#member;
    if (member === undefined) return [];
    return member.owned.map((owned, partition) =>
      partitionStatus(this.#parts.name, owned, stateOf(member.actors[partition]), member.membership.statuses),
    );
  }

  /** Who shares the partitions, and who has which; undefined: the source is not started. */
  cluster(): ClusterView | undefined {
    const member = this.#member;
    if (member === undefined) return undefined;
    const handOvers = member.owned.flatMap(({ partition, watch }) =>
      watch.handOvers.map((each) => ({ partition, ...each })),
    );
    return {
      member: member.id,
      members: member.membership.statuses,
      partitions: this.partitions(),
      handOvers: handOvers.sort((a, b) => a.at - b.at).slice(-HAND_OVERS_MAX),
    };
  }

  /** A broker that cannot be used, and partitions that wait for an operator. */
  troubles() {
    const halted = this.partitions().filter(({ state }) => state === 'halted');
    const texts = halted.map(({ text }) => text).join('; ');
    return { unreachable: this.#member && this.#alerts.unreachable, halted: texts === '' ? undefined : texts };
  }

  /**
   * An operator's word after `source-halted`: everything up to the position is settled, 0 for nothing. True: the partition
   * goes on from there. False: it is not halted at this member, or the broker did not keep it.
   */
  async resumeAfter(partition: number, position: number): Promise<boolean> {
    if (!Number.isInteger(position) || position < 0)
      throw new SluiceError('invalid-option', `position must be a whole number from 0, got ${String(position)}`);
    const owned = this.#member?.owned[partition];
    const isChosen = (await owned?.choosePosition(position)) ?? false;
    if (isChosen) this.#member?.actors[partition]?.send({ type: 'position.chosen' });
    return isChosen;
  }

  #checkCancelled(): void {
    if (this.#isCancelled)
      throw new SluiceError('not-running', `the source of ${this.#parts.name} was closed while it started`);
  }

  #makeMember(owner: SourceOwner): Member {
    const { broker, clock, random } = this.#parts;
    const name = this.#options.member ?? `${hostname()}/${process.pid}`;
    // A name is for people: two members of one name, and two lives of one member, are told apart.
    const id = `${name}#${Math.floor(random() * 2 ** 32).toString(36)}`;
    const standing: Standing = { ours: new Set(), isClosing: false };
    const { noteAnswered: onAnswered } = this.#alerts;
    const membership = new Membership({ ...this.#settings, cells: broker.cells, clock, member: id, onAnswered });
    const parts: PartitionParts = {
      ...{ name: this.#parts.name, broker, clock, member: id, settings: this.#settings, owner },
      nameOf: (other) => memberName(other, membership.statuses),
      isOurs: (each) => standing.ours.has(each),
      isClosing: () => standing.isClosing,
      isMember: (other) => membership.has(other),
      alert: this.#alerts.tell,
    };
    const owned = Array.from({ length: broker.partitions }, (_, partition) => new OwnedPartition(parts, partition));
    return { id, membership, owned, actors: [], over: new AbortController(), standing };
  }

  /** Starts the statechart of a partition, and again when an exception of the owner broke it. */
  #supervise(member: Member, partition: number): void {
    const { clock } = this.#parts;
    const port = member.owned[partition];
    if (port === undefined || member.over.signal.aborted) return;
    const actor = createActor(ownershipMachine, { input: { port }, clock });
    member.actors[partition] = actor;
    actor.subscribe({
      error: (error) => {
        port.endStay();
        const text = `partition ${partition} of ${this.#parts.name} failed: ${errorText(error)}`;
        this.#alerts.tell({ kind: 'source-failed', partition, text });
        void pause(clock, this.#settings.leaseMs, member.over.signal).then(() => this.#supervise(member, partition));
      },
    });
    actor.start();
  }

  #assign({ id, membership, owned, actors, standing }: Member): void {
    const assigned = assignPartitions(membership.members, owned.length);
    const ours = [...assigned].filter(([, other]) => other === id).map(([partition]) => partition);
    if (ours.length === standing.ours.size && ours.every((partition) => standing.ours.has(partition))) return;
    standing.ours = new Set(ours);
    for (const actor of actors) actor.send({ type: 'assignment.changed' });
  }

  async #beatForever(member: Member): Promise<void> {
    const { clock } = this.#parts;
    const { pollMs } = this.#settings;
    let waitMs = pollMs;
    for (let beats = 0; !member.over.signal.aborted; beats++) {
      await pause(clock, waitMs, member.over.signal);
      if (member.over.signal.aborted) return;
      const standby = member.owned.filter((_, partition) => stateOf(member.actors[partition]).state === 'standby');
      const [isReachable] = await Promise.all([
        this.#beat(member),
        ...standby.map(({ watch }) => watch.look().catch(() => {})),
      ]);
      // A member that died is noticed at the moment when its lease ends, and not only at the beat after that.
      waitMs = isReachable ? Math.min(pollMs, member.membership.silenceInMs) : pollMs;
      // Some at each beat, so that the broker is asked evenly; nothing waits for it.
      for (const owned of member.owned) if (owned.partition % LAG_BEATS === beats % LAG_BEATS) void owned.measureLag();
      if (beats % LAG_BEATS === 0) void this.#parts.broker.mistakes?.().then(this.#alerts.noteMistakes, () => {});
    }
  }

  /** False: the broker does not answer, and what cannot be asked has no trouble of its own. */
  async #beat(member: Member): Promise<boolean> {
    const askedAt = this.#parts.clock.now();
    const error = await member.membership.beat().catch((reason: unknown) => reason ?? 'no reason');
    if (error !== undefined) for (const owned of member.owned) owned.noteRead(undefined);
    // It took a lease, so this process stood still, and its timers came before the answers: the next one tells.
    const stoodStill = this.#parts.clock.now() - askedAt >= this.#settings.leaseMs;
    if (error === undefined || !stoodStill)
      this.#alerts.noteAnswer(error && (this.#parts.broker.away?.() ?? error), member.owned);
    this.#alerts.noteMembers(member.id, member.membership.statuses, this.#settings.leaseMs);
    if (!member.over.signal.aborted) this.#assign(member);
    return error === undefined;
  }

  /** Those that are free are handed over before `start` resolves; those that another member has are not waited for. */
  async #firstAttempts(member: Member): Promise<void> {
    const attempts = [...member.standing.ours].map((partition) => member.owned[partition]?.attempted);
    await within(this.#parts.clock, this.#settings.leaseMs, Promise.all(attempts)).catch(() => {});
  }

  async #close(member: Member, withinMs: number): Promise<void> {
    const { clock } = this.#parts;
    member.over.abort();
    member.standing.isClosing = true;
    for (const owned of member.owned) owned.endStay();
    const closed = member.actors.map(
      (actor) => new Promise<void>((resolve) => void actor.subscribe({ complete: resolve })),
    );
    // First of all: the others take over what is given back as soon as they do not see this member any more.
    const left = member.membership.leave().catch(() => {});
    for (const actor of member.actors) actor.send({ type: 'assignment.changed' });
    await within(clock, withinMs, Promise.all([left, ...closed])).catch(() => {});
    for (const actor of member.actors) actor.stop();
    // What the broker has not answered by now keeps no process alive.
    for (const { lease } of member.owned) lease.forget();
  }
}
