import * as vscode from 'vscode';
import { nameOf } from '../jobs/launch';
import { openReport } from './editor';
import { reportsOf } from './find';
import { compare, item, reportOfRun, runsOf } from './runs';
import type { Run } from './runs';
import { showInformation, showWarning } from '../notification';

interface ReportItem extends vscode.QuickPickItem {
  readonly open?: () => Promise<vscode.Uri | undefined>;
}

/** Opens a report of a configuration: the only one, or the one that the user picks. */
export async function chooseReport(program: string | undefined, configuration: vscode.Uri): Promise<void> {
  const latest = await reportsOf(configuration);
  // A program without runs, or a configuration without a folder for them, has latest reports only.
  const runs = program === undefined ? [] : await runsOf(program, configuration.fsPath).catch(() => []);
  const items: ReportItem[] = [
    ...latest.map((report) => ({ label: vscode.workspace.asRelativePath(report), open: () => Promise.resolve(report) })),
    ...runs.length === 0 ? [] : [{ label: vscode.l10n.t('Past runs'), kind: vscode.QuickPickItemKind.Separator }],
    ...runs.map((run) => ({ ...item(run), open: () => reportOfRun(run) })),
  ];
  if (items.length === 0) {
    await nothingYet(vscode.l10n.t('There is no report yet; run Quantize or Evaluate first.'));
    return;
  }
  const options = { placeHolder: vscode.l10n.t('Which report?'), matchOnDescription: true };
  const picked = items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, options);
  if (picked?.open === undefined) {
    return;
  }
  const report = await picked.open();
  if (report === undefined) {
    void showWarning(vscode.l10n.t('The report is not there any more; run the job again.'));
  } else {
    await openReport(report);
  }
}

/** Shows two or more runs of a configuration side by side. */
export async function compareRuns(program: string, configuration: vscode.Uri, storage: vscode.Uri): Promise<void> {
  const runs = await runsOf(program, configuration.fsPath);
  if (runs.length < 2) {
    await nothingYet(vscode.l10n.t('There are no two runs of {0} to compare yet; each Quantize and Evaluate adds one.', nameOf(configuration)));
    return;
  }
  const picked = await pickRuns(runs);
  if (picked !== undefined) {
    await openReport(await compare(program, picked, storage.fsPath, nameOf(configuration)));
  }
}

/** At least two, or undefined when the user does not want to. */
async function pickRuns(runs: readonly Run[]): Promise<Run[] | undefined> {
  for (;;) {
    const options = { canPickMany: true, placeHolder: vscode.l10n.t('Two or more runs to compare'), matchOnDescription: true } as const;
    const picked = await vscode.window.showQuickPick(runs.map(item), options);
    if (picked === undefined || picked.length >= 2) {
      return picked?.map(({ run }) => run);
    }
  }
}

async function nothingYet(message: string): Promise<void> {
  await showInformation(message);
}
