import * as vscode from 'vscode';
import type { Jobs } from '../jobs/jobs';
import { nameOf } from '../jobs/launch';
import type { Server } from '../server/server';

interface Entry extends vscode.QuickPickItem {
  readonly command: string;
  readonly args?: readonly unknown[];
}

/** What a click on the status bar item offers. */
export async function showMenu(server: Server, jobs: Jobs): Promise<void> {
  const { state } = server;
  const placeHolder = state.kind === 'running'
    ? vscode.l10n.t('Language server {0}', state.location.version)
    : state.kind === 'failed' ? state.reason : 'Model Quantizer';
  const chosen = await vscode.window.showQuickPick(entries(jobs), { title: 'Model Quantizer', placeHolder });
  if (chosen !== undefined) {
    await vscode.commands.executeCommand(chosen.command, ...chosen.args ?? []);
  }
}

export function entries(jobs: Jobs): Entry[] {
  const cancel = jobs.running().map(({ id, job, uri, message }): Entry => {
    const name = nameOf(vscode.Uri.parse(uri));
    const label = job === 'quantize' ? vscode.l10n.t('Cancel Quantize of {0}', name) : vscode.l10n.t('Cancel Evaluate of {0}', name);
    return { label: `$(stop-circle) ${label}`, description: message, command: 'modelQuantizer.cancel', args: [id] };
  });
  const trust: Entry[] = vscode.workspace.isTrusted
    ? []
    : [{ label: `$(shield) ${vscode.l10n.t('Manage Workspace Trust')}`, command: 'workbench.trust.manage' }];
  return [
    ...cancel,
    ...trust,
    { label: `$(graph) ${vscode.l10n.t('Open Report')}`, command: 'modelQuantizer.openReport' },
    ...vscode.workspace.isTrusted ? [{ label: `$(diff) ${vscode.l10n.t('Compare Runs')}`, command: 'modelQuantizer.compareRuns' }] : [],
    { label: `$(output) ${vscode.l10n.t('Show Log')}`, command: 'modelQuantizer.showLog' },
    { label: `$(debug-restart) ${vscode.l10n.t('Restart Server')}`, command: 'modelQuantizer.restartServer' },
    { label: `$(gear) ${vscode.l10n.t('Open Settings')}`, command: 'workbench.action.openSettings', args: ['@ext:model-quantizer.model-quantizer'] },
  ];
}
