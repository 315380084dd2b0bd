import { find, setText } from './dom.ts';

const NOTICE_MS = 6_000;
let timer = 0;

/** Shows a notice for a few seconds, to screen readers too. */
export function say(text: string): void {
  setText(find('notice'), text);
  window.clearTimeout(timer);
  timer = window.setTimeout(() => setText(find('notice'), ''), NOTICE_MS);
}
