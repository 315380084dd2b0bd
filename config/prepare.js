/** npm runs this after an installation, before it packs, and when it installs from git: what comes of it is built. */
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const isWithoutSources = !existsSync('src');
const isWithoutCompiler = existsSync('node_modules') && !existsSync('node_modules/typescript');
// A layer of an image that has package.json alone, and `npm ci --omit=dev`, beside a dist/ that was built elsewhere.
if (isWithoutSources || isWithoutCompiler)
  process.stderr.write('sluice is not built: sources or compiler are missing\n');
else execSync('npm run -s build', { stdio: ['ignore', 2, 2] });
