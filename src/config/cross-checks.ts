import { isMap } from './field.ts';
import { type Finding, show } from './mistakes.ts';
import { channelName, orderedFields } from './schema.ts';
import { type Path, valueAt } from './walk.ts';

/**
 * What no single field can tell: names, data types served twice, limits in the wrong order. Checked beside zod and not
 * by it, because zod skips such checks as soon as any field is wrong, and every mistake is to be reported at once.
 *
 * @param written the configuration as it was written
 * @param filled the same with the defaults of every channel
 */
export function crossChecks(written: unknown, filled: unknown): readonly Finding[] {
  const channels = valueAt(filled, ['channels']);
  if (!isMap(channels)) return [];
  const names = Object.keys(channels);
  return [
    ...names.flatMap((name) => checkName(name, valueAt(channels, [name, 'name']))),
    ...checkDataTypes(names, channels),
    ...names.flatMap((name) => orderedFields.flatMap((pair) => checkOrder(written, filled, ['channels', name], pair))),
  ];
}

function checkName(name: string, repeated: unknown): readonly Finding[] {
  const path = ['channels', name];
  const message = 'must be 1 to 64 lower-case letters, digits and -, starting with a letter, and not router';
  if (!channelName.test(name)) return [{ path, at: 'key', message }];
  if (typeof repeated !== 'string' || repeated === name) return [];
  return [{ path: [...path, 'name'], at: 'value', message: `must be ${name} or left out`, received: show(repeated) }];
}

function checkDataTypes(names: readonly string[], channels: Readonly<Record<string, unknown>>): readonly Finding[] {
  const servedBy = new Map<unknown, string>();
  return names.flatMap((name) => {
    const dataType = valueAt(channels, [name, 'dataType']) ?? name;
    const other = servedBy.get(dataType);
    if (other === undefined) servedBy.set(dataType, name);
    if (other === undefined || typeof dataType !== 'string') return [];
    const message = `must be a data type of its own, not the one of channel ${other}`;
    return [{ path: ['channels', name, 'dataType'], at: 'value', message, received: show(dataType) }];
  });
}

function checkOrder(
  written: unknown,
  filled: unknown,
  above: Path,
  [lowName, highName]: readonly [string, string],
): readonly Finding[] {
  const low = [...above, ...lowName.split('.')];
  const high = [...above, ...highName.split('.')];
  const lowValue = valueAt(filled, low);
  const highValue = valueAt(filled, high);
  if (typeof lowValue !== 'number' || typeof highValue !== 'number' || !(lowValue > highValue)) return [];
  // The mistake stands where something was written, not at a default the reader cannot see.
  return valueAt(written, low) === undefined
    ? [{ path: high, at: 'value', message: `must be at least ${lowName} (${lowValue})`, received: show(highValue) }]
    : [{ path: low, at: 'value', message: `must be at most ${highName} (${highValue})`, received: show(lowValue) }];
}
