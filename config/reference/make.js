/** Writes docs/reference/api.md, or the file that is named, from the doc comments of what the package exports. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { Application } from 'typedoc';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [target = join(root, 'docs/reference/api.md')] = new Command('npm run docs --')
  .description('Writes the reference of the API from the doc comments of what the package exports.')
  .argument('[file]', 'where to (default: docs/reference/api.md)')
  .showHelpAfterError('(npm run docs -- --help lists what it takes)')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse().processedArgs;
/** What a host imports, with the source behind it. */
const entries = [
  ['sluice', 'src'],
  ['sluice/testing', 'src/testing'],
  ['sluice/inspector', 'src/inspector'],
  ['sluice/metrics', 'src/metrics'],
  ['sluice/journal', 'src/journal'],
  ['sluice/feeds', 'src/feeds'],
  ['sluice/nats', 'src/nats'],
  ['sluice/redis', 'src/redis'],
  ['sluice/workers', 'src/workers'],
  ['sluice/machines', 'machines'],
];
const intro = `# API reference

Generated from the doc comments by \`npm run docs\`. The fields of a configuration, with ranges and defaults, are in the
[reference of the configuration](configuration.md).
`;

const directory = await mkdtemp(join(tmpdir(), 'sluice-api-'));
try {
  await generate();
  const pages = await Promise.all(entries.map(([name, source]) => pageOf(name, source)));
  const contents = entries.map(([name]) => `- [\`${name}\`](#${slugOf(name)})`).join('\n');
  await writeFile(target, [intro, contents, '', ...pages].join('\n'));
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function generate() {
  const application = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(([, source]) => join(root, source, 'index.ts')),
    plugin: ['typedoc-plugin-markdown'],
    tsconfig: join(root, 'tsconfig.json'),
    readme: 'none',
    outputs: [{ name: 'markdown', path: directory }],
    outputFileStrategy: 'modules',
    logLevel: 'Error',
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    disableSources: true,
    hidePageHeader: true,
    hidePageTitle: true,
    hideBreadcrumbs: true,
    useHTMLAnchors: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    classPropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    propertyMembersFormat: 'table',
    tableColumnSettings: {
      hideDefaults: true,
      hideInherited: true,
      hideOverrides: true,
      hideModifiers: true,
      hideSources: true,
    },
  });
  const project = await application.convert();
  if (project === undefined) throw new Error('the sources do not compile');
  await application.generateOutputs(project);
}

/** One module; its links and anchors hold within one page, where names of two modules may be the same. */
async function pageOf(name, source) {
  const text = await readFile(join(directory, `${source}.md`), 'utf8');
  const body = text
    .replace(/<a id="/g, `<a id="${slugOf(name)}-`)
    .replace(
      /\]\((?:(?:\.\.\/)*([\w/]+)\.md)?#([^)]*)\)/g,
      (_, page, anchor) => `](#${slugOf(nameOf(page) ?? name)}-${anchor})`,
    );
  return `<a id="${slugOf(name)}"></a>\n\n# \`${name}\`\n\n${body}`;
}

function nameOf(page) {
  return entries.find(([, source]) => source === page || source.endsWith(`/${page}`))?.[0];
}

function slugOf(name) {
  return name.replace('/', '-');
}
