import * as path from 'node:path';
import * as vscode from 'vscode';
import { refusalOf, wire } from '../protocol';
import type { JobChoices, JobKind, JobStatus, Range, Refusal } from '../protocol';
import type { Server } from '../server/server';
import { showServerFailure } from '../server/server';
import * as settings from '../settings';
import type { Jobs } from './jobs';
import { Toast } from './toast';
import { showError, showInformation, showWarning, showWithLog } from '../notification';

/** Starts jobs, settles what is in their way, and shows their progress. */
export class Launcher {
  constructor(private readonly server: Server, private readonly jobs: Jobs) {}

  /** Runs a job to its end. Undefined when it did not start, which the user has been told. */
  async run(kind: JobKind, configuration: vscode.Uri): Promise<JobStatus | undefined> {
    let choices = choicesFor(configuration);
    for (;;) {
      const outcome = await this.attempt(kind, configuration, choices);
      if ('ended' in outcome) {
        return outcome.ended;
      }
      const again = await this.settle(outcome.refused, configuration);
      if (again === undefined) {
        return undefined;
      }
      choices = { ...choices, ...again };
    }
  }

  async cancel(id: string): Promise<void> {
    await this.server.execute(wire.cancel, [id]);
  }

  private async attempt(kind: JobKind, configuration: vscode.Uri, choices: JobChoices): Promise<{ ended: JobStatus } | { refused: unknown }> {
    const started = this.server.execute<{ id: string }>(wire[kind], [configuration.toString(), choices]);
    // A job that has not started yet is cancelled when it has.
    const cancel = (): void => void started.then(({ id }) => this.cancel(id)).catch(() => undefined);
    const toast = new Toast(title(kind, configuration), cancel);
    toast.report(vscode.l10n.t('starting'), 0);
    try {
      const { id } = await started;
      toast.open();
      const ended = await this.jobs.follow(id, ({ message, percentage }) => {
        if (message !== '') {
          toast.report(message, percentage);
        }
      });
      return { ended };
    } catch (refused) {
      return { refused };
    } finally {
      toast.end();
    }
  }

  /** Tells why a job does not start. Returns what to choose for another try, if the user wants one. */
  private async settle(error: unknown, configuration: vscode.Uri): Promise<JobChoices | undefined> {
    if (this.server.state.kind === 'failed') {
      await showServerFailure(this.server.state.reason);
      return undefined;
    }
    const message = error instanceof Error ? error.message : String(error);
    const refusal = refusalOf(error);
    switch (refusal.reason) {
      case 'unsaved':
        return saveAndTryAgain(configuration);
      case 'running':
        return queueOrReplace(configuration);
      case 'findings':
        return showProblem(message.replace(configuration.fsPath, vscode.workspace.asRelativePath(configuration)), refusal);
      case 'untrusted':
        return manageTrust(message);
      case 'other':
        await showWithLog(message);
        return undefined;
    }
  }
}

/** What a configuration is called: the folder that it is in, unless its own name tells more. */
export function nameOf(configuration: vscode.Uri): string {
  const { dir, name } = path.parse(configuration.fsPath);
  return name === 'configuration' ? path.basename(dir) || name : name;
}

function title(kind: JobKind, configuration: vscode.Uri): string {
  const name = nameOf(configuration);
  return kind === 'quantize' ? vscode.l10n.t('Quantizing {0}', name) : vscode.l10n.t('Evaluating {0}', name);
}

function choicesFor(configuration: vscode.Uri): JobChoices {
  const threads = settings.threads(configuration);
  return threads > 0 ? { threads } : {};
}

async function saveAndTryAgain(configuration: vscode.Uri): Promise<JobChoices | undefined> {
  const name = vscode.workspace.asRelativePath(configuration);
  const save = vscode.l10n.t('Save and Run');
  const chosen = await showWarning(vscode.l10n.t('{0} has changes that are not saved, and a job reads the file.', name), save);
  if (chosen !== save) {
    return undefined;
  }
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === configuration.toString());
  return document === undefined || await document.save() ? {} : undefined;
}

async function queueOrReplace(configuration: vscode.Uri): Promise<JobChoices | undefined> {
  const queue = vscode.l10n.t('Queue');
  const replace = vscode.l10n.t('Replace');
  const dismiss = vscode.l10n.t('Dismiss');
  const message = vscode.l10n.t('A job on {0} is running. Start this one after it, or in its place?', nameOf(configuration));
  const chosen = await showInformation(message, queue, replace, dismiss);
  if (chosen === queue) {
    return { running: 'queue' };
  }
  return chosen === replace ? { running: 'replace' } : undefined;
}

async function showProblem(message: string, { uri, range }: Refusal & { reason: 'findings' }): Promise<undefined> {
  const show = vscode.l10n.t('Show Problem');
  if (await showError(message, show) === show) {
    await reveal(uri, range);
  }
  return undefined;
}

/** Shows a place in a file. */
export async function reveal(uri: string, { start, end }: Range): Promise<void> {
  const selection = new vscode.Range(start.line, start.character, end.line, end.character);
  await vscode.window.showTextDocument(vscode.Uri.parse(uri, true), { selection });
}

async function manageTrust(message: string): Promise<undefined> {
  const manage = vscode.l10n.t('Manage Trust');
  if (await showWarning(message, manage) === manage) {
    await vscode.commands.executeCommand('workbench.trust.manage');
  }
  return undefined;
}
