import type { StandardSchemaV1 } from '@standard-schema/spec';
import { errorText } from '../core/error-text.ts';
import { isMap } from './field.ts';
import { configError } from './layers.ts';
import { type Finding, show } from './mistakes.ts';
import { layersOf, remember } from './parse.ts';
import type { ChannelConfig, RouterConfig } from './schema.ts';
import { type Path, valueAt } from './walk.ts';

/** Checks the `eventRules` of each channel by the channel's own schema, and fills in what that schema fills in. */
export function checkEventRules<Config extends Pick<RouterConfig, 'channels'>>(
  config: Config,
  schemas: ReadonlyMap<string, StandardSchemaV1>,
): Config {
  const findings: Finding[] = [];
  const checked = Object.entries(config.channels).map(([name, channel]): [string, ChannelConfig] => {
    const schema = schemas.get(name);
    if (schema === undefined) return [name, channel];
    const eventRules = checkRules(schema, channel.eventRules, (message, inner) => {
      const received = inner && show(valueAt(channel.eventRules, inner));
      findings.push({ path: ['channels', name, 'eventRules', ...(inner ?? [])], at: 'value', message, received });
    });
    return [name, { ...channel, eventRules }];
  });
  if (findings.length > 0) throw configError(layersOf(config), findings);
  return remember({ ...config, channels: Object.fromEntries(checked) }, layersOf(config));
}

function checkRules(
  schema: StandardSchemaV1,
  rules: ChannelConfig['eventRules'],
  refuse: (message: string, inner?: Path) => void,
): ChannelConfig['eventRules'] {
  try {
    const result = schema['~standard'].validate(rules);
    if (result instanceof Promise) {
      result.catch(() => {});
      refuse('the schema of the rules must answer at once, not by a promise');
    } else if (result.issues !== undefined) {
      for (const { message, path = [] } of result.issues) {
        const inner = path.map((part) => String(typeof part === 'object' ? part.key : part));
        refuse(message, inner);
      }
    } else if (isMap(result.value)) return { ...result.value };
    else refuse('the rules must be a map');
  } catch (error) {
    refuse(`the schema of the rules failed: ${errorText(error)}`);
  }
  return rules;
}
