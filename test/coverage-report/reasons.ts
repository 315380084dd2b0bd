import type { Reason } from './uncovered.ts';

/**
 * Why lines are not covered, each named as `path: part of the line`, or all of a file by its path. `npm run coverage`
 * fails when a line that is not covered has no reason here, or when a reason names none.
 */
export const reasons: readonly Reason[] = [
  {
    because: 'An index or a key that is always there: the compiler (noUncheckedIndexedAccess) cannot see it.',
    places: [
      'src/cli/chaos-record.ts: (this.faults.get(kind) ?? 0)',
      'src/cli/chaos-record.ts: split',
      'src/cli/chaos.ts: openCount ?? 0',
      'src/cli/market.ts: fairValues.get(sym) ?? 1',
      "src/cli/market.ts: symbols.length)] ?? ''",
      'src/cli/table.ts: part.cells[index]',
      'src/core/breaker-window.ts: this.#buckets[slot] ?? bucket',
      'src/core/breaker-window.ts: (this.#counts[index] ?? 0)',
      'src/core/breaker-window.ts: * OUTCOMES + outcome] ?? 0',
      'src/core/histogram.ts: this.#counts[bucket] ?? 0',
      'src/core/histogram.ts: before[bucket] ?? 0',
      'src/core/mailbox.ts: ?? Number.NaN',
      'src/core/partitioning.ts: ?? only',
      'src/inspector/frame.ts: ?.members ?? []',
      'src/inspector/page/history.ts: this.frames[middle]?.at ?? 0',
      'src/metrics/reading.ts: mailbox && its',
      'src/core/ledger.ts: total[count] ?? 0',
      'src/router/channel.ts: first === undefined || last === undefined',
      'src/router/reload.ts: [path[1]',
      'src/router/reload.ts: core.fleet.channels.get(name) ?? []',
      'src/testing/simulated-clock.ts: waiting[middle]?.dueMs ?? 0',
    ],
  },
  {
    because: 'One of two facts that only come together: the type of one does not say so.',
    places: [
      "machines/router.ts: 'id' in event ? context",
      "machines/router.ts: type: 'channel.restart', id",
      "machines/router.ts: type: 'fleet.restart', id",
      'src/channel/pump.ts: coolDownLeftMs() ?? 0',
      'src/channel/waiting-offers.ts: this.#queue ?? []',
      'src/cli/chaos-channels.ts: ?? make()',
      'src/cli/chaos-plan.ts: kind === undefined || channel === undefined',
      'src/cli/chaos-record.ts: if (kind !== undefined) this.#add',
      "src/cli/chaos.ts: channel ?? ''",
      'src/cli/chaos.ts: if (counted === undefined) return 0;',
      'src/config/config-file.ts: node.range?.[0]',
      'src/config/diff.ts: schema === undefined ? undefined',
      "src/config/environment.ts: writer?.name ?? 'environment'",
      'src/config/walk.ts: childOf(map, key) ?? []',
      'src/inspector/page/actions.ts: if (this.#row === undefined) return;',
      'src/inspector/page/scrubber.ts: frames[0]?.at ?? now',
      'src/report/explain.ts: slot.breaker?.rates() ?? ',
      'src/report/drain-report.ts: member.spentMs ?? {}',
      'src/facts/state-name.ts: String(value)',
      'src/facts/state-name.ts: Object.entries(value)[0] ?? []',
      'src/router/channel.ts: coolDownLeftMs() ?? 0',
      'src/router/core.ts: config === undefined || factory === undefined',
      'src/router/register.ts: if (added === undefined) return;',
    ],
  },
  {
    because:
      'An order of events that the charts do not produce; the port of the fleet promises not to throw all the same.',
    places: [
      'src/router/fleet.ts: #stopBy ?? 0',
      'src/router/fleet.ts: restartAt ?? 0',
      'src/router/fleet.ts: if (member === undefined) return;',
    ],
  },
  {
    because: 'Chance would have to be exactly 0, once in four billion draws.',
    places: [
      'src/cli/chaos-channels.ts: severity * TIMES_MAX',
      'src/cli/chaos-operator.ts: severity * 200',
      'src/cli/chaos-operator.ts: severity * 40',
      'src/cli/chaos-operator.ts: severity * 4)',
      'src/cli/market.ts: exponential(120, random)',
    ],
  },
  {
    because: 'The world has to be slow at the right moment: a channel that still starts when the feed is over.',
    places: ['src/cli/chaos-operator.ts: await new Promise', 'src/cli/chaos-operator.ts: LOOK_MS'],
    isSometimesCovered: true,
  },
  {
    because: 'index.html has all that the page looks for; to whoever edits it this says what is missing.',
    places: ['src/inspector/page/dom.ts: element === null'],
  },
  {
    because:
      'It runs in a worker thread, which V8 does not measure here; test/integration/out-of-band.test.ts starts it.',
    places: ['src/inspector/thread-worker.ts'],
  },
];
