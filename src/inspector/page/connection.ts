import type { Hello, Tick } from '../protocol.ts';
import { find, setText } from './dom.ts';

export type ConnectionState = 'connecting' | 'live' | 'lost' | 'asleep';

interface Listener {
  begin(hello: Hello): void;
  tick(tick: Tick): void;
  changed(state: ConnectionState): void;
}

const RETRY_MS = 1_000;
/** Frames come four times a second; after this long without one the connection counts as lost. */
const SILENCE_MS = 10_000;

/** The stream from the router. A lost stream is opened again and again; a hidden page closes it. */
export function connect(listener: Listener): void {
  let source: EventSource | undefined;
  let retry = 0;
  let watch = 0;
  const close = (state: ConnectionState): void => {
    source?.close();
    source = undefined;
    window.clearTimeout(retry);
    window.clearTimeout(watch);
    listener.changed(state);
  };
  const lose = (): void => {
    close('lost');
    retry = window.setTimeout(open, RETRY_MS);
  };
  const heard = (): void => {
    window.clearTimeout(watch);
    watch = window.setTimeout(lose, SILENCE_MS);
  };
  const open = (): void => {
    source = new EventSource('live');
    source.addEventListener('hello', ({ data }: MessageEvent<string>) => {
      heard();
      listener.changed('live');
      listener.begin(JSON.parse(data) as Hello); // Our own server wrote it.
    });
    source.addEventListener('tick', ({ data }: MessageEvent<string>) => {
      heard();
      listener.tick(JSON.parse(data) as Tick); // As above.
    });
    source.addEventListener('error', lose);
    heard();
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close('asleep');
    else if (source === undefined) open();
  });
  listener.changed('connecting');
  open();
}

/** Sends a command to the router and says what came of it; resolves with whether it was carried out. */
export async function operate(what: string, order: object): Promise<boolean> {
  const refused = await refusalOf(order);
  say(`${what}. ${refused === undefined ? 'Done.' : `Refused: ${refused}`}`);
  return refused === undefined;
}

async function refusalOf(order: object): Promise<string | undefined> {
  try {
    const response = await fetch('operate', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(order),
    });
    return response.ok ? undefined : await response.text();
  } catch {
    return 'the router cannot be reached';
  }
}

const NOTICE_MS = 6_000;
let timer = 0;

/** Shows a notice for a few seconds, to screen readers too. */
export function say(text: string): void {
  setText(find('notice'), text);
  window.clearTimeout(timer);
  timer = window.setTimeout(() => setText(find('notice'), ''), NOTICE_MS);
}
