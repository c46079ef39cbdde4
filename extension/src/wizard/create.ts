import { stat, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { uriOf } from '../configurations/choose';
import type { Server } from '../server/server';
import { compose, composeLabels } from './compose';
import { fill, isEmpty } from './fill';
import { inspect } from './inspect';
import { quickInput } from './questions';
import type { Questions } from './questions';
import { search } from './search';
import { wizard } from './wizard';
import type { Choices } from './wizard';
import { showError } from '../notification';

const NAME = 'configuration.json';

/**
 * Asks for what a configuration needs, writes it and opens it. `named` is the model or the folder that the
 * command was called on.
 */
export async function newConfiguration(server: Server, named: unknown, questions: Questions = quickInput): Promise<void> {
  const file = uriOf(named)?.fsPath;
  const isFolder = file !== undefined && (await stat(file)).isDirectory();
  const roots = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const begin = async (): Promise<Parameters<typeof wizard>[1]> => {
    const proposed = file === undefined ? roots : isFolder ? [file, ...roots] : [path.dirname(file), ...roots];
    const free = await Promise.all(proposed.map(isFree));
    return {
      findings: await search(roots),
      folders: proposed.filter((_, position) => free[position]),
      ...file === undefined || isFolder ? {} : { model: file },
      shown: (place) => vscode.workspace.asRelativePath(place, true),
      inspect: async (model) => {
        const location = await server.location().catch(() => undefined);
        return location === undefined ? { normalizes: false } : inspect(location.program, model);
      },
      isFree,
    };
  };
  const options = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Looking for models and images') };
  const choices = await wizard(questions, await vscode.window.withProgress(options, begin));
  if (choices === undefined) {
    return;
  }
  let configuration: string;
  try {
    configuration = await write(choices);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void showError(vscode.l10n.t('The configuration cannot be written ({0}); choose another folder.', reason));
    return;
  }
  await vscode.window.showTextDocument(vscode.Uri.file(configuration));
}

/** Writes the configuration and, where one is to be made, its label file; over nothing but an empty configuration. */
export async function write({ folder, labels, ...answers }: Choices): Promise<string> {
  const file = 'file' in labels ? labels.file : await freeName(folder, 'labels', '.json');
  const configuration = path.join(folder, NAME);
  await fill(configuration, compose(folder, { ...answers, labels: file }));
  if ('classes' in labels) {
    await writeFile(file, composeLabels(labels.classes), { flag: 'wx' });
  }
  return configuration;
}

/** Whether a folder has no configuration, or an empty one that nobody is writing in. */
async function isFree(folder: string): Promise<boolean> {
  const file = path.join(folder, NAME);
  const isTyped = vscode.workspace.textDocuments.some(({ uri, isDirty }) => isDirty && uri.fsPath === file);
  return !isTyped && (!await exists(file) || isEmpty(file));
}

async function freeName(folder: string, name: string, extension: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const file = path.join(folder, `${name}${number === 1 ? '' : `_${number}`}${extension}`);
    if (!await exists(file)) {
      return file;
    }
  }
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}
