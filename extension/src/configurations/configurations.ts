import { open } from 'node:fs/promises';
import * as vscode from 'vscode';
import schema from '../../../schemas/configuration.schema.json';
import * as settings from '../settings';
import { nearestFirst } from './distance';

/** The pattern of names that activates the extension. */
const PATTERN = '**/configuration.json';
const EXCLUDED = '{**/node_modules/**,**/.git/**,**/target/**,**/????-??-??T??-??-??.???Z-*/**}';

/** The copy that was kept with a run, in a folder with such a name (schemas/runs.schema.json); nobody runs it again from there. */
const KEPT = /[\\/]\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z-(quantize|evaluate)(-\d{1,3})?[\\/]configuration\.json$/;
const LIMIT = 200;

/** A configuration says early what it is. */
const BEGINNING = 64 * 1024;

/** Required keys that other programs' files hardly have. */
const OUR_KEYS = schema.required.filter((key) => /^(source|dataset|input|evaluate)_/.test(key)).map((key) => `"${key}"`);

/** The configurations of the workspace, kept up to date, and the context keys that menus ask for. */
export class Configurations implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable[] = [];
  private found = new Map<string, vscode.Uri>();
  private searching: Promise<void> | undefined;
  private again = false;

  /** Fires when a configuration has come or gone. */
  readonly onDidChange = this.changed.event;

  constructor() {
    const watcher = vscode.workspace.createFileSystemWatcher(PATTERN);
    const search = (): void => void this.search();
    this.subscriptions.push(
      this.changed,
      watcher,
      watcher.onDidCreate(search),
      watcher.onDidDelete(search),
      watcher.onDidChange(search),
      vscode.workspace.onDidChangeWorkspaceFolders(search),
      vscode.workspace.onDidSaveTextDocument((document) => this.look(document)),
      vscode.workspace.onDidOpenTextDocument((document) => this.look(document)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(settings.names.configurationFiles)) {
          search();
        }
      }),
    );
  }

  /** Looks through the workspace; searches that are asked for meanwhile become one more. */
  async search(): Promise<void> {
    if (this.searching !== undefined) {
      this.again = true;
      return this.searching;
    }
    this.searching = this.searchOnce().finally(() => {
      this.searching = undefined;
      if (this.again) {
        this.again = false;
        void this.search();
      }
    });
    return this.searching;
  }

  /** All configurations, those nearest to the active editor first. */
  all(): vscode.Uri[] {
    const active = activeFile();
    const from = active?.scheme === 'file' ? active.fsPath : undefined;
    const uris = new Map([...this.found.values()].map((uri) => [uri.fsPath, uri]));
    return nearestFirst([...uris.keys()], from).flatMap((path) => uris.get(path) ?? []);
  }

  has(uri: vscode.Uri): boolean {
    return this.found.has(uri.toString());
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  private async searchOnce(): Promise<void> {
    const named = await vscode.workspace.findFiles(PATTERN, EXCLUDED, LIMIT);
    const chosen = await Promise.all(settings.configurationFiles().map(async (glob) => {
      const pattern = glob.startsWith('**/') || glob.startsWith('/') ? glob : `**/${glob}`;
      return vscode.workspace.findFiles(pattern, EXCLUDED, LIMIT);
    }));
    const ours = await Promise.all(named.filter((uri) => !KEPT.test(uri.fsPath)).map(async (uri) => isOurs(await beginning(uri)) ? [uri] : []));
    const found = new Map([...ours.flat(), ...chosen.flat()].map((uri) => [uri.toString(), uri]));
    for (const document of vscode.workspace.textDocuments) {
      if (isCandidate(document) && isOurs(document.getText())) {
        found.set(document.uri.toString(), document.uri);
      }
    }
    this.set(found);
  }

  private look(document: vscode.TextDocument): void {
    if (isCandidate(document) && !this.has(document.uri) && isOurs(document.getText())) {
      this.set(new Map(this.found).set(document.uri.toString(), document.uri));
    }
  }

  private set(found: Map<string, vscode.Uri>): void {
    const same = found.size === this.found.size && [...found.keys()].every((key) => this.found.has(key));
    this.found = found;
    if (!same) {
      const paths = [...found.values()].map((uri) => uri.fsPath);
      void vscode.commands.executeCommand('setContext', 'modelQuantizer.hasConfigurations', found.size > 0);
      void vscode.commands.executeCommand('setContext', 'modelQuantizer.configurationPaths', paths);
      this.changed.fire();
    }
  }
}

/** The file that the user looks at: a text, or a report. */
function activeFile(): vscode.Uri | undefined {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return vscode.window.activeTextEditor?.document.uri ?? (input instanceof vscode.TabInputCustom ? input.uri : undefined);
}

function isCandidate(document: vscode.TextDocument): boolean {
  return document.uri.scheme === 'file' && !KEPT.test(document.uri.fsPath) && (document.languageId === 'json' || document.languageId === 'jsonc');
}

/** Whether a document is empty and waits for a configuration, which the server completes. No job can run on it. */
export function awaitsConfiguration(document: vscode.TextDocument): boolean {
  return isCandidate(document) && document.uri.path.endsWith('/configuration.json') && document.getText() === '';
}

/** A guess for menus and for when to start the server, which has the last word. */
export function isOurs(text: string): boolean {
  const start = text.slice(0, BEGINNING);
  return OUR_KEYS.some((key) => start.includes(key));
}

async function beginning(uri: vscode.Uri): Promise<string> {
  try {
    const file = await open(uri.fsPath);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    // It has gone since, or may not be read: not a configuration for now.
    return '';
  }
}
