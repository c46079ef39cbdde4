import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(__dirname, '..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string>; devDependencies: Record<string, string> };

test('every package has an exact version and its row in docs/dependencies.md', () => {
  const page = readFileSync(path.join(root, '../docs/dependencies.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('npm packages')) ?? '';
  const rows = new Map([...section.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(([, name, version]) => [name, version]));
  const used = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    .map(([name, version]) => [name, version.startsWith('file:') ? 'ours' : version] as const);
  expect(rows).toEqual(new Map(used));
  expect([...rows.values()].filter((version) => !/^(\d+\.\d+\.\d+|ours)$/.test(String(version)))).toEqual([]);
  expect(Object.keys(manifest.dependencies)).toEqual(['vscode-languageclient']);
});

test('the lock file names no registry', () => {
  expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toMatch(/https?:\/\/[^"]*\.tgz/);
});
