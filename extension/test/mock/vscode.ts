/** As much of the `vscode` module as the extension uses, without an editor behind it. */
import { readFile } from 'node:fs/promises';
import { vi } from 'vitest';
import { URI, Utils } from 'vscode-uri';

export class EventEmitter<T> {
  private readonly listeners = new Set<(event: T) => unknown>();

  readonly event = (listener: (event: T) => unknown): Disposable => {
    this.listeners.add(listener);
    return new Disposable(() => this.listeners.delete(listener));
  };

  fire(event: T): void {
    for (const listener of [...this.listeners]) {
      listener(event);
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}

export class Disposable {
  constructor(private readonly action: () => unknown) {}

  dispose(): void {
    this.action();
  }
}

export const Uri = Object.assign(URI, { joinPath: Utils.joinPath });

export class Position {
  constructor(readonly line: number, readonly character: number) {}
}

export class Range {
  readonly start: Position;
  readonly end: Position;

  constructor(startLine: number, startCharacter: number, endLine: number, endCharacter: number) {
    this.start = new Position(startLine, startCharacter);
    this.end = new Position(endLine, endCharacter);
  }
}

export class TabInputCustom {
  constructor(readonly uri: URI, readonly viewType: string) {}
}

export class RelativePattern {
  constructor(readonly baseUri: URI, readonly pattern: string) {}
}

export class CancellationTokenSource {
  private readonly cancelled = new EventEmitter<void>();
  readonly token = { isCancellationRequested: false, onCancellationRequested: this.cancelled.event };

  cancel(): void {
    this.token.isCancellationRequested = true;
    this.cancelled.fire();
  }
}

export enum ProgressLocation { SourceControl = 1, Window = 10, Notification = 15 }
export enum StatusBarAlignment { Left = 1, Right = 2 }
export enum FileType { Unknown = 0, File = 1, Directory = 2, SymbolicLink = 64 }
export enum TaskScope { Global = 1, Workspace = 2 }
export enum QuickPickItemKind { Separator = -1, Default = 0 }
export enum QuickInputButtonKind { Back }

export const QuickInputButtons = { Back: { iconPath: 'back' } };

export class ThemeIcon {
  constructor(readonly id: string) {}
}

export class ProcessExecution {
  constructor(readonly process: string, readonly args: string[], readonly options?: object) {}
}

export class Task {
  group: unknown;
  detail: string | undefined;

  constructor(
    readonly definition: { type: string },
    readonly scope: unknown,
    readonly name: string,
    readonly source: string,
    readonly execution: ProcessExecution,
    readonly problemMatchers: string | string[],
  ) {}
}

export const TaskGroup = { Build: 'build', Test: 'test' };

const nothing = (): Disposable => new Disposable(() => undefined);

/** Progress that was opened, newest last. */
export const opened: { options: { title: string; location: number; cancellable: boolean }; reports: { message?: string; increment?: number }[]; source: CancellationTokenSource; over: boolean }[] = [];

export const window = {
  tabGroups: { activeTabGroup: { activeTab: undefined as undefined | { input: unknown } } },
  activeTextEditor: undefined as undefined | { document: { uri: URI } },
  showInformationMessage: vi.fn(async (_message: string, ..._actions: unknown[]): Promise<unknown> => undefined),
  showWarningMessage: vi.fn(async (_message: string, ..._actions: unknown[]): Promise<unknown> => undefined),
  showErrorMessage: vi.fn(async (_message: string, ..._actions: unknown[]): Promise<unknown> => undefined),
  showQuickPick: vi.fn(async (_items: unknown, _options?: unknown): Promise<unknown> => undefined),
  showInputBox: vi.fn(async (_options?: unknown): Promise<unknown> => undefined),
  showOpenDialog: vi.fn(async (_options?: unknown): Promise<unknown> => undefined),
  showTextDocument: vi.fn(async (_target: unknown, _options?: unknown): Promise<unknown> => undefined),
  createStatusBarItem: vi.fn((id: string) => ({ id, text: '', show: vi.fn(), hide: vi.fn(), dispose: vi.fn() })),
  onDidChangeActiveTextEditor: vi.fn(nothing),
  registerCustomEditorProvider: vi.fn(nothing),
  createOutputChannel: vi.fn((name: string) => ({ name, error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn(), show: vi.fn(), dispose: vi.fn() })),
  withProgress: vi.fn(async (
    options: (typeof opened)[number]['options'],
    task: (progress: { report: (value: { message?: string; increment?: number }) => void }, token: CancellationTokenSource['token']) => Promise<unknown>,
  ) => {
    const entry: (typeof opened)[number] = { options, reports: [], source: new CancellationTokenSource(), over: false };
    opened.push(entry);
    // As in VS Code, the task begins later.
    await Promise.resolve();
    const result = await task({ report: (value) => entry.reports.push(value) }, entry.source.token);
    entry.over = true;
    return result;
  }),
};

export const commands = {
  executeCommand: vi.fn(async (_command: string, ..._args: unknown[]): Promise<unknown> => undefined),
  registerCommand: vi.fn(nothing),
};

export const trust = new EventEmitter<void>();
export const configurationChanged = new EventEmitter<{ affectsConfiguration: (name: string) => boolean }>();

/** Values of settings by their full names. */
export const configuration = new Map<string, unknown>();

export const workspace = {
  isTrusted: true,
  textDocuments: [] as { uri: URI; isDirty?: boolean; save?: () => Promise<boolean> }[],
  workspaceFolders: undefined as undefined | { uri: URI; name: string; index: number }[],
  fs: {
    stat: vi.fn(async (_uri: URI) => ({ type: FileType.File, size: 0 })),
    readFile: vi.fn(async (uri: URI): Promise<Uint8Array> => readFile(uri.fsPath)),
  },
  asRelativePath: vi.fn((uri: URI | string) => typeof uri === 'string' ? uri : uri.path.split('/').slice(-2).join('/')),
  findFiles: vi.fn(async (_pattern: unknown, _exclude?: unknown, _limit?: number): Promise<URI[]> => []),
  getConfiguration: vi.fn(() => ({ get: (name: string, fallback: unknown) => configuration.get(name) ?? fallback })),
  getWorkspaceFolder: vi.fn((_uri: URI): undefined | { uri: URI; name: string; index: number } => undefined),
  registerTextDocumentContentProvider: vi.fn(nothing),
  createFileSystemWatcher: vi.fn((_pattern: unknown) => ({ onDidCreate: nothing, onDidChange: nothing, onDidDelete: nothing, dispose: vi.fn() })),
  onDidGrantWorkspaceTrust: trust.event,
  onDidChangeConfiguration: configurationChanged.event,
  onDidChangeWorkspaceFolders: vi.fn(nothing),
  onDidSaveTextDocument: vi.fn(nothing),
  onDidOpenTextDocument: vi.fn(nothing),
};

export const tasks = { registerTaskProvider: vi.fn(nothing) };

export const env = { clipboard: { writeText: vi.fn(async (_text: string) => undefined) }, language: 'en' };

export const l10n = {
  t: (message: string, ...values: unknown[]): string => message.replace(/\{(\d+)\}/g, (_, position: string) => String(values[Number(position)])),
};
