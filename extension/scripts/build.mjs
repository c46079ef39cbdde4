// Bundles the extension into dist/extension.js, and puts the page on diagnostics beside it.
import { copyFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = new Set(process.argv.slice(2));
const options = {
  absWorkingDir: root,
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  // The oldest VS Code that package.json allows runs on Node 20.
  target: 'node20',
  external: ['vscode'],
  minify: flags.has('--minify'),
  sourcemap: flags.has('--minify') ? false : 'linked',
  legalComments: 'none',
  logLevel: 'info',
};

await mkdir(`${root}dist`, { recursive: true });
await copyFile(`${root}../docs/diagnostics.md`, `${root}dist/diagnostics.md`);
if (flags.has('--watch')) {
  await (await context(options)).watch();
} else {
  await build(options);
}
