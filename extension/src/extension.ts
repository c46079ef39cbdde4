import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { awaitsConfiguration, Configurations } from './configurations/configurations';
import { DOCUMENTATION, Help } from './help';
import { Jobs } from './jobs/jobs';
import { Launcher } from './jobs/launch';
import { ReportEditor } from './reports/editor';
import { Server } from './server/server';
import { StatusItem } from './status/item';
import { Tasks } from './tasks';

let running: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Model Quantizer', { log: true });
  const storage = context.storageUri ?? context.globalStorageUri;
  const server = new Server(context.extensionUri, log, DOCUMENTATION);
  const jobs = new Jobs();
  const configurations = new Configurations();
  const launcher = new Launcher(server, jobs);
  const complete = (document: vscode.TextDocument): void => {
    if (awaitsConfiguration(document)) {
      server.startQuietly();
    }
  };
  running = server;
  context.subscriptions.push(
    log,
    server,
    jobs,
    configurations,
    server.onJob((status) => jobs.update(status)),
    server.onDidChange(({ kind }) => {
      if (kind !== 'running') {
        jobs.abandon(vscode.l10n.t('the language server has ended, and the job with it'));
      }
    }),
    // Other JSON files cost no server.
    configurations.onDidChange(() => {
      if (configurations.all().length > 0) {
        server.startQuietly();
      }
    }),
    vscode.workspace.onDidOpenTextDocument(complete),
    new StatusItem(server, jobs, configurations),
    Help.register(context.extensionUri),
    ReportEditor.register(),
    Tasks.register(server, configurations),
    ...registerCommands({ server, jobs, launcher, configurations, log, storage }),
  );
  void vscode.commands.executeCommand('setContext', 'modelQuantizer.active', true);
  void configurations.search();
  vscode.workspace.textDocuments.forEach(complete);
}

/** VS Code waits until the server has ended. */
export async function deactivate(): Promise<void> {
  await running?.stop();
}
