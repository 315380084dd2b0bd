import { setTimeout as rest } from 'node:timers/promises';
import type { Sample } from '../case.ts';
import type { Process } from '../contestant.ts';
import { HandWritten } from '../contestants/hand.ts';
import { channelsOf, loadBuild } from '../contestants/sluice.ts';
import { type Message, messageOf } from '../message.ts';
import { RATES, rateMeasures, type Setting, YOUNG } from '../rate-setting.ts';

/** The first rate and how long it is kept up, in ms, before anything is measured. */
const FIRST = [300, 2_000] as const;
/** Then a service is as old as one of a few minutes: what V8 compiles, it has compiled. */
const WARM = [
  [10_000, 700],
  [100_000, 500],
  [1_000_000, 500],
  [5_000, 4_000],
] as const;
const MESSAGES = Array.from({ length: 1_000 }, (_, n) => messageOf('T', n));

/** What takes a message for one of the channels; false: it has no room. */
type Push = (channel: number, message: Message) => boolean;

/** R1 to R3: the processor time of a message at each rate, with that of the timer loop that sends it. */
export async function runRates(setting: Setting, contestant: string, against?: string): Promise<Sample> {
  let seen = 0;
  const see = async (batch: readonly Message[]): Promise<void> => {
    seen += batch.length;
  };
  const push = await open(setting, see, contestant, against);
  let sent = await send(push, setting.channels, ...FIRST);
  const usPerMessage = async (rate: number, ms: number): Promise<number> => {
    await rest(setting.timeoutMs + 50);
    const before = process.cpuUsage();
    const count = await send(push, setting.channels, rate, ms);
    await rest(setting.timeoutMs + 50);
    const { user, system } = process.cpuUsage(before);
    sent += count;
    return (user + system) / count;
  };
  const young = await usPerMessage(YOUNG.rate, YOUNG.ms);
  for (const [rate, ms] of WARM) await usPerMessage(rate, ms);
  const sample: Record<string, number> = {};
  for (const [index, [rate, ms]] of RATES.entries()) sample[rateMeasures[index] ?? ''] = await usPerMessage(rate, ms);
  sample[YOUNG.measure] = young;
  for (const giveUpAt = performance.now() + 20_000; seen < sent && performance.now() < giveUpAt; ) await rest(50);
  if (seen !== sent) throw new Error(`${sent - seen} of ${sent} messages are missing`);
  return sample;
}

/** With `loop` nothing is between the loop and the handler. */
async function open(setting: Setting, process: Process, contestant: string, against?: string): Promise<Push> {
  if (contestant === 'loop')
    return (_channel, message) => {
      void process([message]);
      return true;
    };
  const { channels, ...options } = setting;
  const specs = Array.from({ length: channels }, (_, n) => ({ name: `c${n}`, process, capacity: 100_000, ...options }));
  if (contestant === 'hand') {
    const lanes = specs.map((spec) => new HandWritten({ type: 'T', ...spec }));
    return (channel, message) => lanes[channel]?.push(message) === true;
  }
  const build = await loadBuild(contestant === 'sluice' ? undefined : against);
  const router = build.createRouter(channelsOf(build, specs));
  await router.start();
  const routes = specs.map(({ name }) => ({ dataType: name }));
  return (channel, message) => router.route(message, routes[channel]).status === 'accepted';
}

/** Sends at that rate for so long, one message a timer up to 1,000 a second; returns how many it sent. */
function send(push: Push, channels: number, rate: number, ms: number): Promise<number> {
  const total = (rate * ms) / 1_000;
  const startedAt = performance.now();
  let sent = 0;
  return new Promise((resolve) => {
    const tick = (): void => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) * rate) / 1_000));
      while (sent < due && push(sent % channels, MESSAGES[sent % MESSAGES.length] as Message)) sent += 1;
      if (sent >= total) return resolve(sent);
      setTimeout(tick, startedAt + ((sent + 1) * 1_000) / rate - performance.now());
    };
    tick();
  });
}
