import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isThenable, watch } from '../core/contained.ts';
import { errorText } from '../core/error-text.ts';
import { isMap } from './field.ts';
import { type Finding, show } from './mistakes.ts';
import type { ChannelConfig } from './schema.ts';
import { type Path, valueAt } from './walk.ts';

type Rules = ChannelConfig['eventRules'];

/** Checks the `eventRules` of each channel by the channel's own schema, and fills in what that schema fills in. */
export function checkEventRules(channels: unknown, schemas: ReadonlyMap<string, StandardSchemaV1>) {
  const findings: Finding[] = [];
  const rulesByName = new Map<string, Rules>();
  for (const [name, schema] of schemas) {
    const rules = valueAt(channels, [name, 'eventRules']);
    // What is no map at all is a mistake already.
    if (!isMap(rules)) continue;
    const refuse = (message: string, inner?: Path): void => {
      const received = inner && show(valueAt(rules, inner));
      findings.push({ path: ['channels', name, 'eventRules', ...(inner ?? [])], at: 'value', message, received });
    };
    rulesByName.set(name, checkRules(schema, rules, refuse));
  }
  return { rules: rulesByName, findings };
}

function checkRules(schema: StandardSchemaV1, rules: Rules, refuse: (message: string, inner?: Path) => void): Rules {
  try {
    const result = schema['~standard'].validate(rules);
    if (isThenable(result)) {
      watch(result);
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
