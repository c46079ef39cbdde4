import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chooseConfiguration } from '../src/configurations/choose';
import { awaitsConfiguration, Configurations } from '../src/configurations/configurations';
import { activate, deactivate } from '../src/extension';
import * as location from '../src/server/location';
import { clients } from './mock/languageclient';
import { commands, configuration, TabInputCustom, Uri, window, workspace } from './mock/vscode';

let root: string;
let configurations: Configurations;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'configurations-'));
  configurations = new Configurations();
});

afterEach(async () => {
  configurations.dispose();
  workspace.findFiles.mockResolvedValue([]);
  await rm(root, { recursive: true });
});

async function file(name: string, text: string): Promise<ReturnType<typeof Uri.file>> {
  await writeFile(path.join(root, name), text);
  return Uri.file(path.join(root, name));
}

/** The last value of a context key. */
function context(key: string): unknown {
  const calls: unknown[][] = commands.executeCommand.mock.calls;
  return calls.filter(([command, name]) => command === 'setContext' && name === key).at(-1)?.[2];
}

test('configurations of other programs are left alone', async () => {
  const ours = await file('ours.json', '{"source_keras_model": "m.h5"}');
  const other = await file('other.json', '{"name": "x"}');
  workspace.findFiles.mockResolvedValueOnce([ours, other, Uri.file('/gone/configuration.json')]);
  await configurations.search();
  expect(configurations.all().map(String)).toEqual([String(ours)]);
  expect(context('modelQuantizer.hasConfigurations')).toBe(true);
  expect(context('modelQuantizer.configurationPaths')).toEqual([ours.fsPath]);
  await configurations.search();
  expect(context('modelQuantizer.hasConfigurations')).toBe(false);
});

test('copies that are kept with runs are no configurations', async () => {
  const folder = path.join(root, 'output/runs/2026-11-25T21-41-08.208Z-quantize');
  await mkdir(folder, { recursive: true });
  const text = '{"source_keras_model": "m.h5"}';
  const kept = await file('output/runs/2026-11-25T21-41-08.208Z-quantize/configuration.json', text);
  const near = await file('output/configuration.json', text);
  const far = await file('configuration.json', text);
  const second = 'best/2026-11-25T21-41-08.208Z-evaluate-2';
  await mkdir(path.join(root, second), { recursive: true });
  workspace.findFiles.mockResolvedValueOnce([kept, await file(`${second}/configuration.json`, text), far, near]);
  await configurations.search();
  window.tabGroups.activeTabGroup.activeTab = { input: new TabInputCustom(Uri.file(path.join(folder, 'quantization_report.html')), 'modelQuantizer.report') };
  expect(configurations.all().map(String)).toEqual([near, far].map(String));
});

test('an open, empty configuration.json gets a server, and no commands', async () => {
  const document = (name: string, text: string): never => ({ uri: Uri.file(`/w/${name}`), languageId: 'json', getText: () => text }) as never;
  expect(awaitsConfiguration(document('configuration.json', ''))).toBe(true);
  expect(awaitsConfiguration(document('configuration.json', '{}'))).toBe(false);
  expect(awaitsConfiguration(document('settings.json', ''))).toBe(false);
  workspace.findFiles.mockResolvedValueOnce([await file('configuration.json', '')]);
  await configurations.search();
  expect(configurations.all()).toEqual([]);

  workspace.textDocuments = [document('configuration.json', '')];
  const subscriptions: { dispose: () => unknown }[] = [];
  vi.spyOn(location, 'locate').mockResolvedValue({ program: '/x/model-quantizer', origin: 'bundled', version: '1.2.3', passed: [] });
  activate({ extensionUri: Uri.file('/extension'), globalStorageUri: Uri.file('/storage'), subscriptions } as never);
  await vi.waitFor(() => expect(clients).toHaveLength(1));
  subscriptions.forEach((subscription) => subscription.dispose());
  await deactivate();
});

test('files that a setting names are configurations whatever is in them', async () => {
  configuration.set('modelQuantizer.configurationFiles', ['quant/*.json']);
  const named = await file('empty.json', '');
  workspace.findFiles.mockImplementation(async (pattern) => pattern === '**/quant/*.json' ? [named] : []);
  await configurations.search();
  expect(configurations.has(named as never)).toBe(true);
});

test('of several configurations one is picked, the nearest first', async () => {
  const all = [Uri.file('/w/b/configuration.json'), Uri.file('/w/a/configuration.json')];
  const has = (uri: ReturnType<typeof Uri.file>): boolean => all.some((each) => String(each) === String(uri));
  const known = { has, all: () => all, search: vi.fn() } as never;
  window.showQuickPick.mockImplementationOnce(async (items) => (items as { label: string; uri: unknown }[])[0]);
  expect(String(await chooseConfiguration(known, undefined))).toBe('file:///w/b/configuration.json');
  expect(String(await chooseConfiguration(known, 'file:///x/configuration.json'))).toBe('file:///x/configuration.json');
  window.activeTextEditor = { document: { uri: Uri.file('/w/a/configuration.json') } };
  expect(String(await chooseConfiguration(known, undefined))).toBe('file:///w/a/configuration.json');
  expect(window.showQuickPick).toHaveBeenCalledTimes(1);
});

test('without a configuration a new one is offered', async () => {
  window.showInformationMessage.mockResolvedValueOnce('New Configuration');
  expect(await chooseConfiguration(configurations, undefined)).toBeUndefined();
  expect(commands.executeCommand).toHaveBeenCalledWith('modelQuantizer.newConfiguration');
});

test('the extension starts no server without a configuration', async () => {
  const subscriptions: { dispose: () => unknown }[] = [];
  activate({ extensionUri: Uri.file('/extension'), globalStorageUri: Uri.file('/storage'), subscriptions } as never);
  await vi.waitFor(() => expect(workspace.findFiles).toHaveBeenCalled());
  expect(clients).toHaveLength(0);
  expect(context('modelQuantizer.active')).toBe(true);
  for (const subscription of subscriptions) {
    subscription.dispose();
  }
  await deactivate();
});
