import * as vscode from 'vscode';
import type { Configurations } from '../configurations/configurations';
import type { Jobs } from '../jobs/jobs';
import { nameOf } from '../jobs/launch';
import type { JobStatus } from '../protocol';
import type { Server, ServerState } from '../server/server';
import * as settings from '../settings';

/** What the item shows. */
export interface Appearance {
  readonly text: string;
  readonly tooltip: string;
}

/** The one item in the status bar: the server, or the job that runs. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('modelQuantizer.status', vscode.StatusBarAlignment.Left, 0);
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly server: Server, private readonly jobs: Jobs, private readonly configurations: Configurations) {
    this.item.name = 'Model Quantizer';
    this.item.command = 'modelQuantizer.showMenu';
    const update = (): void => this.update();
    this.subscriptions = [
      this.item,
      server.onDidChange(update),
      jobs.onDidChange(update),
      configurations.onDidChange(update),
      vscode.window.onDidChangeActiveTextEditor(update),
      vscode.workspace.onDidGrantWorkspaceTrust(update),
      vscode.workspace.onDidChangeConfiguration(update),
    ];
    this.update();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private update(): void {
    const { text, tooltip } = appearance(this.server.state, this.jobs.running(), vscode.workspace.isTrusted);
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: `Model Quantizer: ${tooltip}`, role: 'button' };
    if (this.isWanted()) {
      this.item.show();
    } else {
      this.item.hide();
    }
  }

  /** On our files, while a job runs, and when something is wrong. */
  private isWanted(): boolean {
    const active = vscode.window.activeTextEditor?.document.uri;
    return settings.statusBar() === 'always'
      || this.jobs.running().length > 0
      || this.server.state.kind === 'failed'
      || (active === undefined ? this.configurations.all().length > 0 : this.configurations.has(active));
  }
}

export function appearance(state: ServerState, running: readonly JobStatus[], trusted: boolean): Appearance {
  const [job] = running;
  if (job !== undefined) {
    return jobAppearance(job, running.length);
  }
  const name = 'Model Quantizer';
  switch (state.kind) {
    case 'starting':
      return { text: `$(loading~spin) ${name}`, tooltip: vscode.l10n.t('The language server is starting') };
    case 'running': {
      const { version, program } = state.location;
      const server = vscode.l10n.t('Language server {0} ({1})', version, program);
      if (!trusted) {
        return { text: `$(shield) ${name}`, tooltip: vscode.l10n.t('The workspace is not trusted: files are checked, and no job starts. {0}', server) };
      }
      return state.checking
        ? { text: `$(loading~spin) ${name}`, tooltip: vscode.l10n.t('Checking. {0}', server) }
        : { text: `$(check) ${name}`, tooltip: vscode.l10n.t('Ready. {0}', server) };
    }
    case 'failed':
      return { text: `$(error) ${name}`, tooltip: state.reason };
    case 'stopped':
      return { text: `$(circle-outline) ${name}`, tooltip: vscode.l10n.t('The language server does not run') };
  }
}

function jobAppearance({ job, uri, percentage, message, state }: JobStatus, count: number): Appearance {
  const name = nameOf(vscode.Uri.parse(uri));
  const verb = job === 'quantize' ? vscode.l10n.t('Quantizing {0}', name) : vscode.l10n.t('Evaluating {0}', name);
  const more = count > 1 ? ` (+${count - 1})` : '';
  const icon = state === 'queued' ? '$(clock)' : '$(sync~spin)';
  return { text: `${icon} ${verb} ${percentage} %${more}`, tooltip: message === '' ? verb : `${verb}: ${message}` };
}
