import * as vscode from 'vscode';
import { nameOf } from '../jobs/launch';
import type { Configurations } from './configurations';
import { showInformation } from '../notification';

/**
 * The configuration that a command is about: the one that it was called on, the active one, the only one,
 * or the one that the user picks. Undefined when there is none or the user does not pick.
 */
export async function chooseConfiguration(configurations: Configurations, named: unknown): Promise<vscode.Uri | undefined> {
  const uri = uriOf(named);
  if (uri !== undefined) {
    return uri;
  }
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active !== undefined && configurations.has(active)) {
    return active;
  }
  await configurations.search();
  const all = configurations.all();
  if (all.length === 0) {
    await offerNew();
    return undefined;
  }
  if (all.length === 1) {
    return all[0];
  }
  const items = all.map((uri) => ({ label: nameOf(uri), description: vscode.workspace.asRelativePath(uri, true), uri }));
  const placeHolder = vscode.l10n.t('Which configuration?');
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.uri;
}

/** Menus pass URIs, code lenses their text. */
export function uriOf(value: unknown): vscode.Uri | undefined {
  if (value instanceof vscode.Uri) {
    return value;
  }
  return typeof value === 'string' && value.startsWith('file:') ? vscode.Uri.parse(value) : undefined;
}

async function offerNew(): Promise<void> {
  const create = vscode.l10n.t('New Configuration');
  const message = vscode.l10n.t('There is no configuration.json of Model Quantizer in this workspace.');
  if (await showInformation(message, create) === create) {
    await vscode.commands.executeCommand('modelQuantizer.newConfiguration');
  }
}
