import * as vscode from 'vscode';

/** Full names of settings, as package.json has them. */
export const names = {
  serverPath: 'modelQuantizer.server.path',
  configurationFiles: 'modelQuantizer.configurationFiles',
  threads: 'modelQuantizer.threads',
  statusBar: 'modelQuantizer.statusBar',
} as const;

/** The program to use as language server; empty to look for one. */
export function serverPath(): string {
  return read<string>(names.serverPath, '').trim();
}

/** Globs of files that are configurations whatever is in them. */
export function configurationFiles(): string[] {
  return read<string[]>(names.configurationFiles, []);
}

/** Worker threads of a job on this configuration; 0 for one a core. */
export function threads(scope: vscode.Uri): number {
  return read<number>(names.threads, 0, scope);
}

/** When the status bar item shows. */
export function statusBar(): 'automatic' | 'always' {
  return read<'automatic' | 'always'>(names.statusBar, 'automatic');
}

function read<T>(name: string, fallback: T, scope?: vscode.Uri): T {
  return vscode.workspace.getConfiguration(undefined, scope).get<T>(name, fallback);
}
