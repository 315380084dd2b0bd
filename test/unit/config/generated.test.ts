import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { renderJsonSchema, renderReference } from './render-reference.ts';

describe('generated files', () => {
  const hint = 'out of date: npx vitest run --config config/vitest.config.ts test/unit/config/generated.test.ts -u';

  test('R4.1 the JSON schema is the one of the code', async () => {
    await expect(renderJsonSchema(), hint).toMatchFileSnapshot('../../../config/channels.schema.json');
  });

  test('the reference page is the one of the code', async () => {
    await expect(renderReference(), hint).toMatchFileSnapshot('../../../docs/reference/configuration.md');
  });

  test('the shipped configuration names its schema for editors', async () => {
    const [first] = (await readFile('config/channels.yaml', 'utf8')).split('\n');
    expect(first).toBe('# yaml-language-server: $schema=channels.schema.json');
  });
});
