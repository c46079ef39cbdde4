import * as vscode from 'vscode';
import { copyCommandLine } from './commandLine';
import { chooseConfiguration, uriOf } from './configurations/choose';
import type { Configurations } from './configurations/configurations';
import type { Jobs } from './jobs/jobs';
import type { Launcher } from './jobs/launch';
import { showOutcome } from './jobs/outcome';
import type { JobKind } from './protocol';
import { wire } from './protocol';
import { openReport } from './reports/editor';
import { reportsOf } from './reports/find';
import type { Server } from './server/server';
import { showServerFailure } from './server/server';
import { showMenu } from './status/menu';
import { newConfiguration } from './wizard/create';

/** What the commands work with. */
export interface Parts {
  readonly server: Server;
  readonly jobs: Jobs;
  readonly launcher: Launcher;
  readonly configurations: Configurations;
  readonly log: vscode.LogOutputChannel;
}

/** Registers every command of package.json. */
export function registerCommands(parts: Parts): vscode.Disposable[] {
  const { server, jobs, log } = parts;
  const commands: Record<string, (argument: unknown) => unknown> = {
    'modelQuantizer.quantize': (named) => runAll(parts, ['quantize'], named),
    'modelQuantizer.evaluate': (named) => runAll(parts, ['evaluate'], named),
    'modelQuantizer.quantizeAndEvaluate': (named) => runAll(parts, ['quantize', 'evaluate'], named),
    'modelQuantizer.openReport': (named) => chooseReport(parts, named),
    'modelQuantizer.newConfiguration': (named) => newConfiguration(server, named),
    'modelQuantizer.copyCommandLine': (named) => copyLine(parts, named),
    'modelQuantizer.cancel': (id) => cancel(parts, id),
    'modelQuantizer.createFolder': (uri) => server.execute(wire.createFolder, [String(uri)]),
    'modelQuantizer.restartServer': () => restart(server),
    'modelQuantizer.showLog': () => log.show(true),
    'modelQuantizer.showMenu': () => showMenu(server, jobs),
  };
  return Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run));
}

/** Runs jobs one after the other as long as they succeed. One message tells about the last. */
async function runAll({ configurations, launcher }: Parts, kinds: readonly JobKind[], named: unknown): Promise<void> {
  const configuration = await chooseConfiguration(configurations, named);
  if (configuration === undefined) {
    return;
  }
  for (const [position, kind] of kinds.entries()) {
    const ended = await launcher.run(kind, configuration);
    const last = position === kinds.length - 1 || ended?.state !== 'succeeded';
    if (ended !== undefined && last) {
      // Messages stay until they are answered; the command is over.
      void showOutcome(ended);
    }
    if (last) {
      return;
    }
  }
}

async function chooseReport({ configurations }: Parts, named: unknown): Promise<void> {
  const uri = uriOf(named);
  if (uri !== undefined && !configurations.has(uri)) {
    await openReport(uri);
    return;
  }
  const configuration = await chooseConfiguration(configurations, named);
  if (configuration === undefined) {
    return;
  }
  const reports = await reportsOf(configuration);
  const [first] = reports;
  if (first === undefined) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no report yet; run Quantize or Evaluate first.'));
    return;
  }
  const items = reports.map((report) => ({ label: vscode.workspace.asRelativePath(report), report }));
  const picked = items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which report?') });
  if (picked !== undefined) {
    await openReport(picked.report);
  }
}

async function copyLine({ configurations, server }: Parts, named: unknown): Promise<void> {
  const configuration = await chooseConfiguration(configurations, named);
  if (configuration !== undefined) {
    try {
      await copyCommandLine((await server.location()).program, configuration);
    } catch (error) {
      void showServerFailure(error instanceof Error ? error.message : String(error));
    }
  }
}

async function cancel({ jobs, launcher }: Parts, id: unknown): Promise<void> {
  const ids = typeof id === 'string' ? [id] : jobs.running().map((job) => job.id);
  await Promise.all(ids.map((each) => launcher.cancel(each)));
}

async function restart(server: Server): Promise<void> {
  try {
    await server.restart();
  } catch (error) {
    void showServerFailure(error instanceof Error ? error.message : String(error));
  }
}
