import * as vscode from 'vscode';
import { ExecuteCommandRequest, State } from 'vscode-languageclient/node';
import { wire } from '../protocol';
import type { JobStatus } from '../protocol';
import * as settings from '../settings';
import { Client, protocolOptions } from './client';
import type { ServerOptions } from './client';
import { locate } from './location';
import type { Location } from './location';
import { showError } from '../notification';

/** What is known about the server. */
export type ServerState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly location: Location; readonly checking: boolean }
  | { readonly kind: 'failed'; readonly reason: string };

/** The language server: found, started, watched and started again. */
export class Server implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<ServerState>();
  private readonly jobChanged = new vscode.EventEmitter<JobStatus>();
  private readonly subscriptions: vscode.Disposable[] = [];
  /** The client whose events count. */
  private client: Client | undefined;
  private starting: Promise<Client> | undefined;
  private stopping: Promise<void> = Promise.resolve();
  /** How often the server was to stop; a start that a stop has overtaken comes to nothing. */
  private stops = 0;
  private current: ServerState = { kind: 'stopped' };

  readonly onDidChange = this.changed.event;
  readonly onJob = this.jobChanged.event;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
    private readonly documentation: string,
  ) {
    this.subscriptions.push(
      this.changed,
      this.jobChanged,
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.trustGranted()),
      vscode.workspace.onDidChangeConfiguration((event) => void this.settingsChanged(event)),
    );
  }

  get state(): ServerState {
    return this.current;
  }

  /** The program that runs, or the one that would. */
  async location(): Promise<Location> {
    return this.current.kind === 'running' ? this.current.location : locate(this.places());
  }

  /** Starts the server unless it runs. */
  start(): Promise<Client> {
    const { stops } = this;
    this.starting ??= this.launch(stops).catch((error: unknown) => {
      if (stops === this.stops) {
        this.starting = undefined;
        this.client = undefined;
        this.failed(error instanceof Error ? error.message : String(error));
      }
      throw error;
    });
    return this.starting;
  }

  /** Starts the server in the background; whoever looks at the status bar sees how it goes. */
  startQuietly(): void {
    if (this.current.kind === 'stopped') {
      this.start().catch(() => undefined);
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Runs a command of the server, which is started if need be. */
  async execute<T>(command: string, args: readonly unknown[]): Promise<T> {
    const client = await this.start();
    return await client.sendRequest(ExecuteCommandRequest.type, { command, arguments: [...args] }) as T;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
    void this.stop();
  }

  /** Resolves when the server has said goodbye; VS Code waits for it at the end. */
  stop(): Promise<void> {
    const { starting } = this;
    this.stops += 1;
    this.client = undefined;
    this.starting = undefined;
    this.change({ kind: 'stopped' });
    // A client that is still starting cannot be stopped.
    const ended = starting?.then((client) => client.dispose(), () => undefined);
    const before = this.stopping;
    this.stopping = Promise.all([before, ended]).then(() => undefined, (error: unknown) => {
      this.log.warn('The language server did not end properly.', error);
    });
    return this.stopping;
  }

  /** Starts a server when the one before has ended, so that there are never two. */
  private async launch(stops: number): Promise<Client> {
    this.change({ kind: 'starting' });
    await this.stopping;
    const location = await locate(this.places());
    if (stops !== this.stops) {
      throw new Error(vscode.l10n.t('The language server was stopped before it had started.'));
    }
    for (const { place, reason } of location.passed) {
      this.log.warn(`Passed over ${place}: ${reason}`);
    }
    this.log.info(`Starting model-quantizer ${location.version} (${location.origin}): ${location.program}`);
    const gaveUp = (): void => this.failed(vscode.l10n.t('The language server has ended unexpectedly several times; its log may tell why.'), true);
    const client = new Client(location, () => this.options(), this.log, gaveUp);
    client.onDidChangeState(({ newState }) => {
      if (client !== this.client) {
        return;
      }
      if (newState === State.Starting) {
        this.change({ kind: 'starting' });
      } else if (newState === State.Running) {
        this.change({ kind: 'running', location, checking: false });
      } else if (this.current.kind !== 'failed') {
        this.change({ kind: 'stopped' });
      }
    });
    client.onNotification(wire.job, (status: JobStatus) => this.jobChanged.fire(status));
    client.onNotification(wire.status, ({ quiescent }: { quiescent: boolean }) => {
      if (this.current.kind === 'running') {
        this.change({ ...this.current, checking: !quiescent });
      }
    });
    this.client = client;
    await client.start();
    return client;
  }

  private failed(reason: string, tell = false): void {
    this.log.error(reason);
    this.change({ kind: 'failed', reason });
    if (tell) {
      this.starting = undefined;
      void showServerFailure(reason);
    }
  }

  private places(): Parameters<typeof locate>[0] {
    return {
      setting: settings.serverPath(),
      extension: this.extension.fsPath,
      search: process.env['PATH'] ?? '',
      trusted: vscode.workspace.isTrusted,
    };
  }

  private options(): ServerOptions {
    return {
      trusted: vscode.workspace.isTrusted,
      configurationFiles: settings.configurationFiles(),
      documentation: this.documentation,
    };
  }

  private async trustGranted(): Promise<void> {
    if (this.current.kind === 'failed' || settings.serverPath() !== '') {
      // Another program may be used now.
      await this.restart().catch(() => undefined);
    } else {
      await this.notify(wire.didGrantTrust, {});
    }
  }

  private async settingsChanged(event: vscode.ConfigurationChangeEvent): Promise<void> {
    if (event.affectsConfiguration(settings.names.serverPath) && this.current.kind !== 'stopped') {
      await this.restart().catch(() => undefined);
    } else if (event.affectsConfiguration(settings.names.configurationFiles)) {
      const modelQuantizer = protocolOptions(this.options());
      await this.notify('workspace/didChangeConfiguration', { settings: { modelQuantizer } });
    }
  }

  /** Tells the server something, if it runs. One that is down learns it at its next start. */
  private async notify(method: string, params: object): Promise<void> {
    await this.client?.sendNotification(method, params).catch((error: unknown) => this.log.warn(`The language server was not told of ${method}.`, error));
  }

  private change(state: ServerState): void {
    this.current = state;
    this.changed.fire(state);
  }
}

/** Says that the server does not run, with what may be done about it. */
export async function showServerFailure(reason: string): Promise<void> {
  const restart = vscode.l10n.t('Restart Server');
  const showLog = vscode.l10n.t('Show Log');
  const openSettings = vscode.l10n.t('Open Settings');
  const chosen = await showError(reason, restart, showLog, openSettings);
  if (chosen === restart) {
    await vscode.commands.executeCommand('modelQuantizer.restartServer');
  } else if (chosen === showLog) {
    await vscode.commands.executeCommand('modelQuantizer.showLog');
  } else if (chosen === openSettings) {
    await vscode.commands.executeCommand('workbench.action.openSettings', settings.names.serverPath);
  }
}
