import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isMap } from './field.ts';
import { configError } from './layers.ts';
import { type Finding, show } from './mistakes.ts';
import { layersOf, remember } from './parse.ts';
import type { ChannelConfig, RouterConfig } from './schema.ts';
import { type Path, valueAt } from './walk.ts';

/** Checks the `eventRules` of each channel by the channel's own schema, and fills in what that schema fills in. */
export function checkEventRules(
  config: RouterConfig,
  rulesByChannel: ReadonlyMap<string, StandardSchemaV1>,
): RouterConfig {
  const findings: Finding[] = [];
  const channels = Object.entries(config.channels).map(([name, channel]): [string, ChannelConfig] => {
    const schema = rulesByChannel.get(name);
    if (schema === undefined) return [name, channel];
    const checked = checkRules(schema, channel.eventRules, ['channels', name, 'eventRules']);
    findings.push(...checked.findings);
    return [name, { ...channel, eventRules: checked.rules }];
  });
  if (findings.length > 0) throw configError(layersOf(config), findings);
  return remember({ ...config, channels: Object.fromEntries(channels) }, layersOf(config));
}

/** The same for one channel whose class was not known before, with no place to name but its own. */
export function checkRulesOf(name: string, schema: StandardSchemaV1, rules: ChannelConfig['eventRules']) {
  const checked = checkRules(schema, rules, ['channels', name, 'eventRules']);
  if (checked.findings.length > 0) throw configError([], checked.findings);
  return checked.rules;
}

interface Checked {
  readonly rules: ChannelConfig['eventRules'];
  readonly findings: readonly Finding[];
}

function checkRules(schema: StandardSchemaV1, rules: ChannelConfig['eventRules'], path: Path): Checked {
  const refused = (message: string): Checked => ({ rules, findings: [{ path, at: 'value', message }] });
  try {
    const result = schema['~standard'].validate(rules);
    if (result instanceof Promise) {
      result.catch(() => {});
      return refused('the schema of the rules must answer at once, not by a promise');
    }
    if (result.issues !== undefined)
      return { rules, findings: result.issues.map((issue) => place(issue, path, rules)) };
    return isMap(result.value) ? { rules: { ...result.value }, findings: [] } : refused('the rules must be a map');
  } catch (error) {
    return refused(`the schema of the rules failed: ${error instanceof Error ? error.message : show(error)}`);
  }
}

function place(issue: StandardSchemaV1.Issue, above: Path, rules: unknown): Finding {
  const inner = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const received = show(valueAt(rules, inner));
  return { path: [...above, ...inner], at: 'value', message: issue.message, received };
}
