import * as vscode from 'vscode';
import type { Configurations } from './configurations/configurations';
import { nameOf } from './jobs/launch';
import type { Server } from './server/server';

/** The type of tasks, as package.json has it. */
export const TYPE = 'model-quantizer';

const COMMANDS = ['check', 'quantize', 'evaluate'] as const;

type TaskCommand = (typeof COMMANDS)[number];

interface Definition extends vscode.TaskDefinition {
  readonly command: TaskCommand;
  /** Path of the configuration, absolute or from the workspace folder. */
  readonly configuration: string;
}

/** Check, Quantize and Evaluate of each configuration as tasks. */
export class Tasks implements vscode.TaskProvider {
  constructor(private readonly server: Server, private readonly configurations: Configurations) {}

  static register(server: Server, configurations: Configurations): vscode.Disposable {
    return vscode.tasks.registerTaskProvider(TYPE, new Tasks(server, configurations));
  }

  async provideTasks(): Promise<vscode.Task[]> {
    const program = await this.program();
    await this.configurations.search();
    return program === undefined ? [] : this.configurations.all().flatMap((uri) => {
      const folder = vscode.workspace.getWorkspaceFolder(uri);
      return folder === undefined ? [] : COMMANDS.map((command) => {
        const definition: Definition = { type: TYPE, command, configuration: vscode.workspace.asRelativePath(uri, false) };
        return task(definition, folder, program, `${command} ${nameOf(uri)}`);
      });
    });
  }

  async resolveTask({ definition, scope, name }: vscode.Task): Promise<vscode.Task | undefined> {
    const program = await this.program();
    if (program === undefined || !isDefinition(definition) || typeof scope !== 'object') {
      return undefined;
    }
    // VS Code takes the answer only with the very definition that it has asked about.
    return task(definition, scope, program, name);
  }

  private async program(): Promise<string | undefined> {
    // Without a program there are no tasks, and the status bar says why.
    return (await this.server.location().catch(() => undefined))?.program;
  }
}

function isDefinition(definition: vscode.TaskDefinition): definition is Definition {
  return COMMANDS.some((command) => command === definition['command']) && typeof definition['configuration'] === 'string';
}

function task(definition: Definition, folder: vscode.WorkspaceFolder, program: string, name: string): vscode.Task {
  // A process has no shell that could read something into a path.
  const execution = new vscode.ProcessExecution(program, [definition.command, '--', definition.configuration], { cwd: folder.uri.fsPath });
  const made = new vscode.Task(definition, folder, name, TYPE, execution, `$${TYPE}`);
  if (definition.command === 'check') {
    made.group = vscode.TaskGroup.Test;
  }
  return made;
}
