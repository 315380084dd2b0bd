import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { workersCommand } from '../../../src/cli/workers-command.ts';
import { catalog } from '../../../src/metrics/catalog.ts';
import { prometheusName } from '../../../src/metrics/prometheus.ts';
import { projectRoot, textOf } from '../../support/project-files.ts';

/** Docker is not to be had here: what can be checked without it. */
const DIRECTORY = 'docs/examples/cluster';
const files = readdirSync(join(projectRoot, DIRECTORY));
const read = (name: string) => parse(textOf(`${DIRECTORY}/${name}`), { merge: true });

interface Service {
  readonly command: string | readonly string[];
  readonly depends_on?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}

describe('the compose file', () => {
  const { services, volumes }: { services: Record<string, Service>; volumes: object } = read('compose.yaml');
  const { worker, feed } = services;

  it('mounts and runs files that exist, and depends on services and volumes that exist', () => {
    const commands = [worker, feed].flatMap((service) => service?.command ?? []);
    const mounts = Object.values(services).flatMap((service) => service.volumes ?? []);
    const local = mounts.filter((mount) => mount.startsWith('./')).map((mount) => mount.slice(2).split(':')[0]);
    const named = mounts.filter((mount) => !mount.startsWith('.')).map((mount) => mount.split(':')[0]);
    expect(
      [...commands.filter((each) => each.endsWith('.js')), ...local].filter((name) => !files.includes(String(name))),
    ).toEqual([]);
    expect(named.sort()).toEqual(Object.keys(volumes));
    expect(worker?.depends_on?.filter((name) => !(name in services))).toEqual([]);
  });

  it('has as many brokers as replicas, and the workers know all of them', () => {
    const brokers = Object.keys(services).filter((name) => name.startsWith('nats-'));
    expect(Number(worker?.environment?.REPLICAS)).toBe(brokers.length);
    expect(worker?.environment?.NATS).toBe(brokers.map((name) => `${name}:4222`).join());
    for (const name of brokers) expect(services[name]?.command).toContain(`nats://${name}:6222`);
  });

  it('runs sluice workers itself, which hears SIGTERM and npx does not, with options that exist, and waits longer than --stop before it kills', () => {
    const command = worker?.command as readonly string[];
    expect(command.slice(0, 2)).toEqual(['node_modules/.bin/sluice', 'workers']);
    const known = workersCommand(process as never, () => {}).options.map(({ long }) => long);
    expect(command.filter((each) => each.startsWith('--')).filter((each) => !known.includes(each))).toEqual([]);
    const stop = Number.parseInt(command.at(command.indexOf('--stop') + 1) ?? '', 10);
    expect(Number.parseInt(worker?.stop_grace_period ?? '', 10)).toBeGreaterThan(stop);
    const [scraped] = read('prometheus.yaml').scrape_configs;
    expect(scraped.dns_sd_configs[0]).toMatchObject({
      names: ['worker'],
      port: Number(command.at(command.indexOf('--port') + 1)),
    });
    expect(read('prometheus.yaml').rule_files.filter((name: string) => !files.includes(name))).toEqual([]);
  });
});

describe('the rules for Prometheus', () => {
  const known = new Set([...catalog.map(prometheusName), 'sluice_worker_up', 'sluice_worker_restarts_total', 'up']);
  const rules: { alert: string; expr: string; annotations: { summary: string } }[] = read('alerts.yaml').groups.flatMap(
    ({ rules }: { rules: object[] }) => rules,
  );

  it.each(rules)('$alert is PromQL, names a metric that exists, and says what to do', ({ expr, annotations }) => {
    const names: string[] = [];
    parser.parse(expr).iterate({
      enter: ({ name, from, to, type }) => {
        if (type.isError) throw new SyntaxError(`not PromQL at ${from}: ${expr}`);
        if (name === 'Identifier') names.push(expr.slice(from, to));
      },
    });
    const metrics = names.filter((name) => name.startsWith('sluice_') || name === 'up');
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter((name) => !known.has(name))).toEqual([]);
    expect(annotations.summary.length).toBeGreaterThan(20);
  });

  it('have names of their own', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });
});
