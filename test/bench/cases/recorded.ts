import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { Entrant } from '../case.ts';
import type { Open } from '../contestant.ts';
import type { Message, MessageType } from '../message.ts';
import { ownTime, peakMb } from '../own-process.ts';
import { Producer } from '../producer.ts';
import { Pool, SLICE } from '../supply.ts';
import { asyncProcess, checksOf, lanesOf, openProducer, shipped, WINDOW_MS } from '../workload.ts';

/** W6: what the lines cost by themselves. */
export async function openParse(file: string): Promise<Entrant> {
  const lines = await linesOf(file);
  return {
    async measure() {
      let parsed = 0;
      const startedAt = ownTime();
      const end = performance.now() + WINDOW_MS;
      while (performance.now() < end) for (const line of lines) if (JSON.parse(line).ev !== '') parsed += 1;
      return { 'messages/s': (parsed / (ownTime() - startedAt)) * 1_000, 'peak MB': peakMb() };
    },
  };
}

/** W6: the parsed messages, routed. */
export async function openRecorded(file: string, open: Open): Promise<Entrant> {
  const numbers = { T: 0, AM: 0, FMV: 0 };
  const messages = (await linesOf(file)).map((line): Message => {
    const message = JSON.parse(line);
    const type = laneOf(message);
    message.n = numbers[type];
    numbers[type] += 1;
    return message;
  });
  const supply = new Pool(messages, laneOf);
  const checks = checksOf(supply);
  const intake = await open(lanesOf(checks, asyncProcess, shipped(SLICE)));
  return openProducer(new Producer(supply, intake, checks), intake);
}

/** Bars of a second and of a minute go to the same channel. */
function laneOf({ ev }: { readonly ev: string }): MessageType {
  return ev === 'T' || ev === 'FMV' ? ev : 'AM';
}

async function linesOf(file: string): Promise<readonly string[]> {
  const text = gunzipSync(await readFile(file)).toString('utf8');
  return text.split('\n').filter((line) => line !== '');
}
