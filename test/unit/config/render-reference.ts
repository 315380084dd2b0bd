import * as z from 'zod';
import { notes } from '../../../src/config/field.ts';
import { formatMistake } from '../../../src/config/mistakes.ts';
import {
  channelName,
  channelSchema,
  configSchema,
  dataTypeDefaults,
  orderedFields,
} from '../../../src/config/schema.ts';
import { type Field, fieldsOf, section } from '../../../src/config/walk.ts';

const { priority, batchSize, timeoutMs, partitionBy, eventRules } = channelSchema.shape;
const byDataType = new Set<Field['schema']>([priority, batchSize, timeoutMs]);

/** The JSON schema of a configuration file, for editors. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    metadata: notes,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      delete jsonSchema.allowed;
      delete jsonSchema.reload;
      if (byDataType.has(zodSchema)) delete jsonSchema.default;
      if (zodSchema === partitionBy) jsonSchema.type = 'string';
      if (zodSchema === eventRules) jsonSchema.type = 'object';
      if (zodSchema === configSchema) jsonSchema.patternProperties = { '^x-': {} };
      if (jsonSchema.propertyNames !== undefined) jsonSchema.propertyNames = { pattern: channelName.source };
    },
  });
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const example = formatMistake({
  file: 'config/channels.yaml',
  line: 7,
  column: 16,
  path: ['channels', 'ohlcv', 'batchSize'],
  message: 'must be a whole number from 1 to 100000',
  received: '"many"',
});

/** The reference page of the configuration. */
export function renderReference(): string {
  const fields = fieldsOf(configSchema).filter(({ path }) => path[0] === 'router' && path.length > 1);
  const types = Object.entries(dataTypeDefaults);
  return `# Configuration

<!-- Generated from src/config/schema.ts by \`npx vitest run --config config/vitest.config.ts test/unit/config -u\`. -->

The configuration is a YAML or JSON file with two maps, \`router\` and \`channels\`. Every field has a default. The key of a
channel is its name: up to 64 lower-case letters, digits and \`-\`, starting with a letter. If the file starts with
\`# yaml-language-server: $schema=channels.schema.json\`, editors complete and check it.

The last column says when a reload applies a change: \`live\` at once, \`next-batch\` with the next batch, \`restart\` by
replacing the channel. All times are in milliseconds.

## Precedence

Code overrides the environment, the environment overrides the file, and the file overrides the defaults of the data type.
Maps are merged field by field, except \`window\` and \`eventRules\`, which are replaced as a whole.

The variable \`SLUICE_<CHANNEL>_<FIELD>\` sets a field: \`SLUICE_TICK_BATCH_SIZE=5\`,
\`SLUICE_TICK_BREAKER_COOL_DOWN_MS=1000\`, \`SLUICE_TICK_BREAKER=false\`,
\`SLUICE_TICK_EVENT_RULES={"minMovePercent":1}\`, \`SLUICE_ROUTER_SLICE_MS=2\`. Write
strings without quotes and everything else as in JSON. An empty variable is not set. A variable that begins with a channel
of the configuration or with \`SLUICE_ROUTER_\` and names no field is a mistake, and so is one that is a letter or two from a
variable that does. All others are not ours: those that Kubernetes sets for a service named \`sluice\` are ignored, such as
\`SLUICE_PORT\`, \`SLUICE_SERVICE_HOST\` or \`SLUICE_TICK_PORT_80_TCP_ADDR\`.

## YAML

A map with nothing under it is an empty one: \`tick:\` is a channel with the defaults. Anchors, aliases and merge keys mean
what they mean in YAML; a key at the top that begins with \`x-\` is a place for anchors and notes:

    x-patient: &patient { retry: { attempts: 9 } }
    channels:
      tick:
      ohlcv: { <<: *patient, batchSize: 500 }
      fmv: *patient

An alias inside its own anchor is a mistake, and so is a file that holds more than 1,000,000 values once its aliases are
filled in.

## Mistakes

All mistakes are reported together, each with its place, what is allowed and the value found:

    ${example}

\`sluice config check FILE\` reports the mistakes of a file; with \`--channels module.js\`, a module that exports
\`channels\` as you give them to \`createRouter\`, it also finds channels without a class and checks \`eventRules\`.
The first 100 are told, in the order of the text, and how many more there are. The limits of the fields are below. An unknown key is a mistake. These fields
limit each other:
${orderedFields.map(([low, high]) => `\`${low}\` at most \`${high}\``).join(', ')}.

## Defaults of the data types

${table([
  ['Data type', 'priority', 'batchSize', 'timeoutMs'],
  ...types.map(([type, values]) => [type, ...Object.values(values).map(String)]),
  [
    'any other',
    ...(['priority', 'batchSize', 'timeoutMs'] as const).map((key) => String(channelSchema.parse({})[key])),
  ],
])}

## router

${fieldTable(fields.map(({ path, schema }) => ({ path: path.slice(1), schema })))}

## channels.\\<name>

${fieldTable(fieldsOf(channelSchema))}
`;
}

function fieldTable(fields: readonly Field[]): string {
  const rows = fields.flatMap(({ path, schema }) => {
    const note = notes.get(schema);
    if (note === undefined) return [];
    return [[`\`${path.join('.')}\``, note.allowed, defaultOf(schema), note.description, note.reload]];
  });
  return table([['Field', 'Allowed', 'Default', 'Meaning', 'Reload'], ...rows]);
}

function defaultOf(schema: Field['schema']): string {
  if (byDataType.has(schema)) return 'by data type';
  if (section(schema) !== undefined || !(schema instanceof z.ZodDefault)) return '';
  return `\`${JSON.stringify(schema.def.defaultValue).replaceAll('"', '')}\``;
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
