import type { Plan } from './plan.ts';
import type { Arrow } from './record.ts';
import type { RunResult } from './run.ts';
import type { Shrunk } from './shrink.ts';

/** All that is needed to go after a broken law: what, the seed, how to see it again, what it takes, how it came to it. */
export function failureText(plan: Plan, failed: RunResult, { plan: small, result, runs }: Shrunk, how: string): string {
  const shown = result.violations.length > 0 ? result : failed;
  return [
    `Seed ${failed.seed} broke ${failed.violations.length} ${failed.violations.length === 1 ? 'law' : 'laws'}:`,
    ...failed.violations.slice(0, 5).map(({ law, atMs, text }) => `  ${law}, at ${atMs} ms: ${text}`),
    '',
    `Replay: npm run simulate -- --seed ${failed.seed}${how}`,
    '',
    `${small.actions.length} of ${plan.actions.length} actions are enough (${runs} runs):`,
    ...small.actions.map(({ atMs, operation }) => `  ${atMs} ms  ${JSON.stringify(operation)}`),
    `  and this breaks: ${shown.violations[0]?.law}: ${shown.violations[0]?.text}`,
    '',
    'The configuration:',
    `  ${JSON.stringify(small.config)}`,
    '',
    'The last transitions:',
    '```mermaid',
    sequenceDiagram(shown.arrows),
    '```',
  ].join('\n');
}

/** The arrows as a Mermaid sequence diagram. */
export function sequenceDiagram(arrows: readonly Arrow[]): string {
  const names = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))];
  const aliasOf = (name: string): string => `p${names.indexOf(name)}`;
  return [
    'sequenceDiagram',
    ...names.map((name) => `  participant ${aliasOf(name)} as ${name}`),
    ...arrows.map(({ atMs, from, to, text }) => `  ${aliasOf(from)}->>${aliasOf(to)}: ${atMs} ms ${plain(text)}`),
  ].join('\n');
}

/** Mermaid ends a line at a semicolon and reads `#` as the start of an entity. */
function plain(text: string): string {
  return text.replaceAll(/[;#]/g, ',').replaceAll('"', '').slice(0, 120);
}
