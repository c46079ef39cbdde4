/** A language client without a process: tests answer its requests. */
import { vi } from 'vitest';

export enum State { Stopped = 1, Running = 2, Starting = 3 }
export enum CloseAction { DoNotRestart = 1, Restart = 2 }
export enum ErrorAction { Continue = 1, Shutdown = 2 }
export enum RevealOutputChannelOn { Never = 4 }
export const ExecuteCommandRequest = { type: 'workspace/executeCommand', method: 'workspace/executeCommand' };

/** Every client that was made, newest last. */
export const clients: LanguageClient[] = [];

export class LanguageClient {
  private readonly states: ((event: { newState: State }) => void)[] = [];
  readonly handlers = new Map<string, (params: unknown) => void>();
  readonly features: unknown[] = [];
  readonly sendRequest = vi.fn(async (_type: unknown, _params: unknown): Promise<unknown> => null);
  readonly sendNotification = vi.fn(async (_type: unknown, _params: unknown): Promise<void> => undefined);
  readonly dispose = vi.fn(async (): Promise<void> => { this.enter(State.Stopped); });

  constructor(
    readonly id: string,
    readonly name: string,
    readonly server: { command: string; args: string[]; options: { shell: boolean } },
    readonly options: { initializationOptions: () => Record<string, unknown>; errorHandler: { closed: () => unknown }; middleware: Record<string, (...args: unknown[]) => void> },
  ) {
    clients.push(this);
  }

  async start(): Promise<void> {
    this.enter(State.Starting);
    await Promise.resolve();
    this.enter(State.Running);
  }

  registerFeature(feature: unknown): void {
    this.features.push(feature);
  }

  onDidChangeState(listener: (event: { newState: State }) => void): void {
    this.states.push(listener);
  }

  onNotification(method: string, handler: (params: unknown) => void): void {
    this.handlers.set(method, handler);
  }

  enter(newState: State): void {
    for (const listener of this.states) {
      listener({ newState });
    }
  }
}
