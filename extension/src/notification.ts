import * as vscode from 'vscode';

/**
 * A text that notifications show as it is. They make links of `[text](command:…)`, also of one that is the name of
 * a file or a layer; a space without width keeps the two parts apart.
 */
export function plain(text: string): string {
  return text.replaceAll('](', ']\u200B(');
}

/** A notification with buttons; the answer is the one that was chosen. */
export async function showInformation(text: string, ...buttons: string[]): Promise<string | undefined> {
  return vscode.window.showInformationMessage(plain(text), ...buttons);
}

/** As {@link showInformation}, of something to look at. */
export async function showWarning(text: string, ...buttons: string[]): Promise<string | undefined> {
  return vscode.window.showWarningMessage(plain(text), ...buttons);
}

/** As {@link showInformation}, of something that went wrong. */
export async function showError(text: string, ...buttons: string[]): Promise<string | undefined> {
  return vscode.window.showErrorMessage(plain(text), ...buttons);
}

/** What went wrong, with the way to the log. */
export async function showWithLog(text: string): Promise<void> {
  const showLog = vscode.l10n.t('Show Log');
  if (await showError(text, showLog) === showLog) {
    await vscode.commands.executeCommand('modelQuantizer.showLog');
  }
}
