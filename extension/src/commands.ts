import * as vscode from 'vscode';
import { copyCommandLine } from './commandLine';
import { chooseConfiguration, uriOf } from './configurations/choose';
import type { Configurations } from './configurations/configurations';
import type { Jobs } from './jobs/jobs';
import type { Launcher } from './jobs/launch';
import { showOutcome } from './jobs/outcome';
import type { JobKind } from './protocol';
import { wire } from './protocol';
import { chooseReport, compareRuns } from './reports/choose';
import { openReport } from './reports/editor';
import { ServerNotFound } from './server/location';
import type { Server } from './server/server';
import { showServerFailure } from './server/server';
import { showMenu } from './status/menu';
import { newConfiguration } from './wizard/create';
import { showWithLog } from './notification';

/** What the commands work with. */
export interface Parts {
  readonly server: Server;
  readonly jobs: Jobs;
  readonly launcher: Launcher;
  readonly configurations: Configurations;
  readonly log: vscode.LogOutputChannel;
  /** Folder for pages that are made on wish. */
  readonly storage: vscode.Uri;
}

/** Registers every command of package.json. */
export function registerCommands(parts: Parts): vscode.Disposable[] {
  const { server, jobs, log } = parts;
  const commands: Record<string, (argument: unknown) => unknown> = {
    'modelQuantizer.quantize': (named) => runAll(parts, ['quantize'], named),
    'modelQuantizer.evaluate': (named) => runAll(parts, ['evaluate'], named),
    'modelQuantizer.quantizeAndEvaluate': (named) => runAll(parts, ['quantize', 'evaluate'], named),
    'modelQuantizer.openReport': (named) => openAReport(parts, named),
    'modelQuantizer.newConfiguration': (named) => newConfiguration(server, named),
    'modelQuantizer.copyCommandLine': (named) => withProgram(parts, named, copyCommandLine),
    'modelQuantizer.compareRuns': (named) => withProgram(parts, named, (program, configuration) => compareRuns(program, configuration, parts.storage)),
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

async function openAReport({ configurations, server }: Parts, named: unknown): Promise<void> {
  const uri = uriOf(named);
  if (uri !== undefined && !configurations.has(uri)) {
    await openReport(uri);
    return;
  }
  const configuration = await chooseConfiguration(configurations, named);
  if (configuration !== undefined) {
    const location = vscode.workspace.isTrusted ? await server.location().catch(() => undefined) : undefined;
    await chooseReport(location?.program, configuration);
  }
}

/** Does something with a configuration by calling the program. */
async function withProgram({ configurations, server }: Parts, named: unknown, run: (program: string, configuration: vscode.Uri) => Promise<void>): Promise<void> {
  const configuration = await chooseConfiguration(configurations, named);
  if (configuration === undefined) {
    return;
  }
  try {
    await run((await server.location()).program, configuration);
  } catch (error) {
    void (error instanceof ServerNotFound ? showServerFailure(error.message) : showWithLog(messageOf(error)));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function cancel({ jobs, launcher }: Parts, id: unknown): Promise<void> {
  const ids = typeof id === 'string' ? [id] : jobs.running().map((job) => job.id);
  await Promise.all(ids.map((each) => launcher.cancel(each)));
}

async function restart(server: Server): Promise<void> {
  try {
    await server.restart();
  } catch (error) {
    void showServerFailure(messageOf(error));
  }
}
