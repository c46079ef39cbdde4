import * as vscode from 'vscode';
import type { JobStatus, ModelLine, WrittenFile } from '../protocol';
import { nameOf, reveal } from './launch';
import { showError, showInformation, showWarning } from '../notification';

/** Tells how a job has ended. One that was cancelled has nothing to tell. */
export async function showOutcome(status: JobStatus): Promise<void> {
  if (status.state === 'succeeded') {
    await showSuccess(status);
  } else if (status.state === 'failed') {
    await showFailure(status);
  }
}

async function showSuccess(status: JobStatus): Promise<void> {
  const open = vscode.l10n.t('Open Report');
  const reveal = vscode.l10n.t('Reveal File');
  const report = reportOf(status);
  const main = fileOf(status);
  const showLog = vscode.l10n.t('Show Log');
  const actions = [...report === undefined ? [] : [open], ...main === undefined ? [] : [reveal]];
  const [warning, ...others] = status.result?.warnings ?? [];
  const chosen = warning === undefined
    ? await showInformation(summary(status), ...actions)
    : await showWarning(withWarning(summary(status), warning, others.length), ...actions, ...others.length > 0 ? [showLog] : []);
  if (chosen === open && report !== undefined) {
    await vscode.commands.executeCommand('modelQuantizer.openReport', vscode.Uri.file(report.path));
  } else if (chosen === reveal && main !== undefined) {
    const file = vscode.Uri.file(main.path);
    // The Explorer shows the workspace only; results may go elsewhere.
    const inside = vscode.workspace.getWorkspaceFolder(file) !== undefined;
    await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', file);
  } else if (chosen === showLog) {
    await vscode.commands.executeCommand('modelQuantizer.showLog');
  }
}

function withWarning(made: string, warning: string, others: number): string {
  switch (others) {
    case 0:
      return vscode.l10n.t('{0} Warning: {1}', made, warning);
    case 1:
      return vscode.l10n.t('{0} Warning: {1} (another warning is in the log)', made, warning);
    default:
      return vscode.l10n.t('{0} Warning: {1} ({2} more warnings are in the log)', made, warning, others);
  }
}

async function showFailure(status: JobStatus): Promise<void> {
  const showLog = vscode.l10n.t('Show Log');
  const name = nameOf(vscode.Uri.parse(status.uri));
  const error = status.error ?? '';
  const message = status.job === 'quantize'
    ? vscode.l10n.t('Quantizing {0} failed: {1}', name, error)
    : vscode.l10n.t('Evaluating {0} failed: {1}', name, error);
  const showProblem = vscode.l10n.t('Show Problem');
  const { range } = status;
  const marked = range !== undefined && range !== null;
  const chosen = await showError(message, ...marked ? [showProblem, showLog] : [showLog]);
  if (chosen === showLog) {
    await vscode.commands.executeCommand('modelQuantizer.showLog');
  } else if (chosen === showProblem && marked) {
    await reveal(status.uri, range);
  }
}

/** One sentence on what a job has made. */
export function summary({ job, uri, result }: JobStatus): string {
  const name = nameOf(vscode.Uri.parse(uri));
  if (job === 'quantize') {
    const size = kilobytes(result?.quantized_model?.bytes ?? 0);
    const ratio = result?.logits_sqnr_db;
    return typeof ratio === 'number'
      ? vscode.l10n.t('Quantized {0}: {1} kB, logits SQNR {2} dB.', name, size, ratio.toFixed(1))
      : vscode.l10n.t('Quantized {0}: {1} kB.', name, size);
  }
  const accuracies = (result?.models ?? []).map(accuracy).join(', ');
  return vscode.l10n.t('Evaluated {0}: {1}.', name, accuracies);
}

function accuracy({ name, top_1_accuracy }: ModelLine): string {
  return `${name} ${(100 * top_1_accuracy).toFixed(1)} %`;
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

/** The page for people that a job has written. */
function reportOf({ result }: JobStatus): WrittenFile | undefined {
  return result?.report ?? result?.results;
}

function fileOf({ result }: JobStatus): WrittenFile | undefined {
  return result?.quantized_model ?? result?.results;
}
