import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import schema from '../../schemas/configuration.schema.json';
import { commandLine } from '../src/commandLine';
import { registerCommands } from '../src/commands';
import { isOurs } from '../src/configurations/configurations';
import { nearestFirst } from '../src/configurations/distance';
import { section } from '../src/help';
import { page } from '../src/reports/page';
import { pathIn } from '../src/reports/find';
import { appearance } from '../src/status/item';
import { entries } from '../src/status/menu';
import { Tasks } from '../src/tasks';
import { commands, Uri, workspace } from './mock/vscode';

const root = path.join(__dirname, '..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  contributes: {
    commands: { command: string }[];
    menus: Record<string, { command: string; when?: string }[]>;
    configuration: { properties: Record<string, { scope?: string }> };
    problemMatchers: { pattern: { regexp: string } }[];
    jsonValidation?: unknown;
  };
  capabilities: { untrustedWorkspaces: { supported: string; restrictedConfigurations: string[] } };
  activationEvents: string[];
};

describe('the manifest', () => {
  test('has exactly the commands that are registered, createFolder of fixes aside', () => {
    registerCommands({} as never);
    const registered = commands.registerCommand.mock.calls.map((call: unknown[]) => String(call[0]));
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    expect([...contributed, 'modelQuantizer.createFolder'].sort()).toEqual(registered.sort());
  });

  test('offers jobs only where the workspace is trusted', () => {
    const jobs = /quantize|evaluate|copyCommandLine|newConfiguration/i;
    const items = Object.values(manifest.contributes.menus).flat().filter(({ command }) => jobs.test(command.replace('modelQuantizer', '')));
    expect(items.length).toBeGreaterThan(9);
    for (const { command, when } of items) {
      expect(when, command).toContain('isWorkspaceTrusted');
    }
  });

  test('restricts the path of the program, scopes each setting, and starts on few occasions', () => {
    expect(manifest.capabilities.untrustedWorkspaces).toMatchObject({ supported: 'limited' });
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toContain('modelQuantizer.server.path');
    expect(manifest.contributes.configuration.properties['modelQuantizer.server.path']?.scope).toBe('machine-overridable');
    for (const [name, { scope }] of Object.entries(manifest.contributes.configuration.properties)) {
      expect(scope, name).toBeDefined();
    }
    expect(manifest.activationEvents).not.toContain('*');
    expect(manifest.activationEvents).not.toContain('onStartupFinished');
    expect(manifest.contributes.jsonValidation).toBeUndefined();
  });

  test('matches what the program prints', () => {
    const pattern = new RegExp(manifest.contributes.problemMatchers[0]?.pattern.regexp ?? '');
    expect(pattern.exec('c:\\x\\configuration.json:5:17: error[out-of-range]: `batch_size` is 0, but …')?.slice(1))
      .toEqual(['c:\\x\\configuration.json', '5', '17', 'error', 'out-of-range', '`batch_size` is 0, but …']);
    expect(pattern.test('  5 |   "batch_size": 0,')).toBe(false);
  });

  test('has snippets for whole files only, one with every required key at the default of the schema', () => {
    const snippets = JSON.parse(readFileSync(path.join(root, 'snippets/configuration.json'), 'utf8')) as Record<string, { body: string[]; isFileTemplate?: boolean; prefix?: string }>;
    for (const [name, { isFileTemplate, prefix }] of Object.entries(snippets)) {
      // With a prefix it would be proposed inside of files.
      expect({ isFileTemplate, prefix }, name).toEqual({ isFileTemplate: true, prefix: undefined });
    }
    const plain = snippets['Model Quantizer configuration']?.body.join('\n').replace(/\$\{\d+:([^}]*)\}/g, '$1') ?? '';
    const properties = schema.properties as Record<string, { default?: unknown }>;
    expect(JSON.parse(plain)).toEqual(Object.fromEntries(schema.required.map((key) => [key, properties[key]?.default])));
  });
});

describe('the status bar', () => {
  const location = { program: '/x/model-quantizer', origin: 'bundled', version: '1.2.3', passed: [] } as const;
  const job = { id: 'quantize-1', job: 'quantize', uri: 'file:///m/resnet/configuration.json', state: 'running', message: 'calibrating: 1/2', percentage: 40, result: null, error: null } as const;

  test('shows the server, and the job that runs with its percentage', () => {
    const check = (...[state, jobs, trusted]: Parameters<typeof appearance>): string => appearance(state, jobs, trusted).text;
    expect(check({ kind: 'starting' }, [], true)).toBe('$(loading~spin) Model Quantizer');
    expect(check({ kind: 'running', location, checking: false }, [], true)).toBe('$(check) Model Quantizer');
    expect(check({ kind: 'running', location, checking: false }, [], false)).toBe('$(shield) Model Quantizer');
    expect(check({ kind: 'failed', reason: 'gone' }, [], true)).toBe('$(error) Model Quantizer');
    expect(check({ kind: 'running', location, checking: true }, [job, { ...job, id: '2' }], true)).toBe('$(sync~spin) Quantizing resnet 40 % (+1)');
    expect(check({ kind: 'running', location, checking: true }, [{ ...job, state: 'queued' }], true)).toContain('$(clock)');
  });

  test('has a menu that cancels what runs', () => {
    const jobs = { running: () => [job] } as never;
    expect(entries(jobs)[0]).toMatchObject({ label: '$(stop-circle) Cancel Quantize of resnet', command: 'modelQuantizer.cancel', args: ['quantize-1'] });
    workspace.isTrusted = false;
    expect(entries(jobs).map(({ command }) => command)).toContain('workbench.trust.manage');
  });
});

describe('a report', () => {
  test('comes after a policy that allows no scripts, whatever it begins with', () => {
    for (const report of ['<!DOCTYPE html><html><head><script>x</script>', '<body onload="x">', '</head><meta http-equiv="Content-Security-Policy" content="default-src *">']) {
      const shown = page(report);
      expect(shown.startsWith(`<!DOCTYPE html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none';`)).toBe(true);
      expect(shown.indexOf('Content-Security-Policy')).toBeLessThan(shown.indexOf(report));
      expect(shown.slice(0, shown.indexOf(report))).not.toContain('script-src');
    }
  });

  test('is looked for where the configuration says, also while it is being typed', () => {
    expect(pathIn('{"output_dir": "a\\u0062/c", "x": ', 'output_dir')).toBe('ab/c');
    expect(pathIn('{"output_dir": 3}', 'output_dir')).toBeUndefined();
    expect(pathIn('{"output_dir": "\\x"}', 'output_dir')).toBeUndefined();
  });
});

describe('configurations', () => {
  test('are listed with the nearest first', () => {
    const all = ['/w/b/configuration.json', '/w/a/x/configuration.json', '/w/a/configuration.json', '/w/configuration.json'];
    expect(nearestFirst(all, '/w/a/configuration.json')).toEqual(['/w/a/configuration.json', '/w/a/x/configuration.json', '/w/configuration.json', '/w/b/configuration.json']);
    expect(nearestFirst(all, undefined)[0]).toBe('/w/a/configuration.json');
  });

  test('have a key of ours', () => {
    expect(isOurs('{"source_keras_model": ')).toBe(true);
    expect(isOurs('{"batch_size": 1, "output_dir": "x"}')).toBe(false);
  });
});

test('a command line is quoted for its shell', () => {
  const check = (configuration: string, platform: NodeJS.Platform, expected: string): void => {
    expect(commandLine('/opt/model-quantizer', 'quantize', configuration, platform)).toBe(`/opt/model-quantizer quantize ${expected}`);
  };
  check('/w/configuration.json', 'linux', '/w/configuration.json');
  check("/w/it's $(x)/c.json", 'linux', "'/w/it'\\''s $(x)/c.json'");
  check('C:\\a b\\c.json', 'win32', '"C:\\a b\\c.json"');
});

test('tasks run the program without a shell', async () => {
  const uri = Uri.file('/w/m/configuration.json');
  const folder = { uri: Uri.file('/w'), name: 'w', index: 0 };
  workspace.getWorkspaceFolder.mockReturnValue(folder);
  workspace.asRelativePath.mockReturnValue('m/configuration.json');
  const tasks = new Tasks({ location: async () => ({ program: '/x/model-quantizer' }) } as never, { search: vi.fn(), all: () => [uri] } as never);
  const provided = await tasks.provideTasks();
  expect(provided.map(({ name }) => name)).toEqual(['check m', 'quantize m', 'evaluate m']);
  expect(provided[1]).toMatchObject({
    definition: { type: 'model-quantizer', command: 'quantize', configuration: 'm/configuration.json' },
    execution: { process: '/x/model-quantizer', args: ['quantize', '--', 'm/configuration.json'], options: { cwd: '/w' } },
    problemMatchers: '$model-quantizer',
  });
  const definition = { type: 'model-quantizer', command: 'rm', configuration: '/' };
  expect(await tasks.resolveTask({ definition, scope: folder, name: 'x' } as never)).toBeUndefined();
  const [first] = provided;
  expect((await tasks.resolveTask(first as never))?.definition).toBe(first?.definition);
});

test('help on a finding is its section', () => {
  const text = readFileSync(path.join(root, '../docs/diagnostics.md'), 'utf8');
  expect(section(text, 'duplicate-key')).toMatch(/^# duplicate-key\n\n\*\*error\*\*: a key stands twice/);
  expect(section(text, 'duplicate-key')).not.toContain('too-large');
  expect(section(text, 'nothing')).toBe(text);
});
