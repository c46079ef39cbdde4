import * as path from 'node:path';
import type { LogOutputChannel } from 'vscode';
import { CloseAction, ErrorAction, ExecuteCommandRequest, LanguageClient, RevealOutputChannelOn } from 'vscode-languageclient/node';
import type { DynamicFeature, ErrorHandler, LanguageClientOptions, ProgressToken, StaticFeature } from 'vscode-languageclient/node';
import type { Location } from './location';

/** Crashes within {@link WINDOW} milliseconds after which the server stays down. */
const RESTARTS = 4;
const WINDOW = 3 * 60_000;

/** What the client tells the server about itself at its start and when settings change. */
export interface ServerOptions {
  readonly trusted: boolean;
  readonly configurationFiles: readonly string[];
  readonly documentation: string;
}

/** `initializationOptions`, and the member `modelQuantizer` of changed settings. */
export function protocolOptions(options: ServerOptions): object {
  return {
    // VS Code's own JSON service reports syntax errors.
    reportSyntax: false,
    jobEvents: true,
    statusEvents: true,
    suggestCommand: 'editor.action.triggerSuggest',
    ...options,
  };
}

/** The library's client, less what this extension does itself: commands, messages and job progress. */
export class Client extends LanguageClient {
  constructor(location: Location, options: () => ServerOptions, private readonly log: LogOutputChannel, gaveUp: () => void) {
    const middleware: LanguageClientOptions['middleware'] = {
      handleWorkDoneProgress: (token, value, next) => {
        // Jobs are shown from their events. `end` lets the library forget the token.
        if (!isJob(token) || value.kind === 'end') {
          next(token, value);
        }
      },
    };
    super('modelQuantizer', 'Model Quantizer', { command: location.program, args: ['lsp'], options: { shell: false, cwd: path.dirname(location.program) } }, {
      documentSelector: [{ scheme: 'file', language: 'json' }, { scheme: 'file', language: 'jsonc' }],
      // Asked for at each start: what has changed since the first counts when a crashed server is started again.
      initializationOptions: () => protocolOptions(options()),
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      errorHandler: restartWithLimit(log, gaveUp),
      middleware,
    });
  }

  /** The server's commands have the names of commands that this extension registers. */
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    if (!('registrationType' in feature && feature.registrationType.method === ExecuteCommandRequest.method)) {
      super.registerFeature(feature);
    }
  }

  // The library would add a level and a time of its own, and show messages without being asked.

  override debug(message: string): void {
    this.log.debug(message);
  }

  override info(message: string): void {
    this.log.info(message);
  }

  override warn(message: string): void {
    this.log.warn(message);
  }

  override error(message: string, data?: unknown): void {
    if (message.endsWith('exited with code 0.')) {
      // The library calls the end that it has asked for an error.
      this.log.info(message);
    } else if (data === undefined || data === null) {
      this.log.error(message);
    } else {
      this.log.error(message, data);
    }
  }
}

function isJob(token: ProgressToken): boolean {
  return typeof token === 'string' && token.startsWith('modelQuantizer/');
}

/** Starts a crashed server again, but not for ever. */
export function restartWithLimit(log: LogOutputChannel, gaveUp: () => void, now: () => number = Date.now): ErrorHandler {
  let crashes: number[] = [];
  return {
    error: (_error, _message, count) => ({ action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true }),
    closed: () => {
      crashes = [...crashes.filter((time) => now() - time < WINDOW), now()];
      if (crashes.length <= RESTARTS) {
        return { action: CloseAction.Restart, message: 'The language server has ended unexpectedly and is started again.', handled: true };
      }
      log.error(`The language server has ended ${crashes.length} times within three minutes and stays down.`);
      gaveUp();
      return { action: CloseAction.DoNotRestart, message: 'The language server is not started again.', handled: true };
    },
  };
}
