import { expect, it } from 'vitest';
import { layoutChart } from '../../../config/chart-layout.ts';
import { toSvg } from '../../../config/chart-svg.ts';
import { channelMachine, feedMachine, routerMachine, sourceMachine } from '../../../machines/index.ts';
import { ownershipMachine } from '../../../machines/ownership.ts';
import { toMermaid } from '../../../src/inspector/mermaid.ts';
import { textOf } from '../../support/project-files.ts';

const UPDATE =
  'the machine has changed and docs/charts has not: npm test -- --mode long test/unit/docs/charts.long.test.ts -u';

const charts = [
  { name: 'channel', machine: channelMachine },
  { name: 'router', machine: routerMachine },
  { name: 'feed', machine: feedMachine },
  { name: 'source', machine: sourceMachine },
  { name: 'ownership', machine: ownershipMachine },
];

it.each(charts)('docs/charts shows the $name as it is, as text', async ({ name, machine }) => {
  await expect(toMermaid(machine), UPDATE).toMatchFileSnapshot(`../../../docs/charts/${name}.mmd`);
});

it.each(charts)('docs/charts shows the $name as it is, as a picture', async ({ name, machine }) => {
  const svg = toSvg(await layoutChart(machine, 'DOWN'), `Statechart of the ${name}`);
  await expect(svg, UPDATE).toMatchFileSnapshot(`../../../docs/charts/${name}.svg`);
});

it.each(charts)('docs/architecture.md shows the chart of the $name', ({ name }) => {
  expect(textOf('docs/architecture.md')).toContain(`](charts/${name}.svg)`);
});
