import * as vscode from 'vscode';
import type { JobKind } from './protocol';

/** How a shell wants a word that it is to leave alone. */
export function quote(word: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-')) {
    return word;
  }
  if (platform === 'win32') {
    // Double quotes hold in cmd and in PowerShell, where paths cannot contain them.
    return `"${word}"`;
  }
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The line that runs a job in a terminal. */
export function commandLine(program: string, kind: JobKind, configuration: string, platform: NodeJS.Platform = process.platform): string {
  return [program, kind, configuration].map((word) => quote(word, platform)).join(' ');
}

/** Lets the user pick a job and puts its line on the clipboard. */
export async function copyCommandLine(program: string, configuration: vscode.Uri): Promise<void> {
  const items = (['quantize', 'evaluate'] as const).map((kind) => ({
    label: kind === 'quantize' ? vscode.l10n.t('Quantize') : vscode.l10n.t('Evaluate'),
    detail: commandLine(program, kind, configuration.fsPath),
  }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which command line?') });
  if (picked !== undefined) {
    await vscode.env.clipboard.writeText(picked.detail);
    vscode.window.setStatusBarMessage(vscode.l10n.t('$(check) The command line is on the clipboard'), 5_000);
  }
}
