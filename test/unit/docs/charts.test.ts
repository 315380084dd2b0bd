import { expect, it } from 'vitest';
import { channelMachine, routerMachine } from '../../../machines/index.ts';
import { toMermaid } from '../../../src/inspector/mermaid.ts';
import { textOf } from '../../support/project-files.ts';

const UPDATE = 'the machine has changed and docs/charts has not: npm test -- -u';

it.each([
  { name: 'channel', machine: channelMachine },
  { name: 'router', machine: routerMachine },
])('the chart of the $name in docs/charts shows its machine as it is', async ({ name, machine }) => {
  await expect(toMermaid(machine), UPDATE).toMatchFileSnapshot(`../../../docs/charts/${name}.mmd`);
});

it('the README shows the chart of a channel as it is', () => {
  const [, chart] = /```mermaid\n([\s\S]*?)```/.exec(textOf('README.md')) ?? [];
  expect(chart, 'paste docs/charts/channel.mmd into the mermaid block of the README').toBe(toMermaid(channelMachine));
});
