/** npm runs this after an installation, before it packs, and when it installs from git: what comes of it is built. */
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

// `npm ci --omit=dev` in an image, beside a dist/ that was built elsewhere. Without any packages the build says what is missing.
if (existsSync('node_modules') && !existsSync('node_modules/typescript'))
  process.stderr.write('sluice is not built: development dependencies are missing\n');
else execSync('npm run -s build', { stdio: ['ignore', 2, 2] });
