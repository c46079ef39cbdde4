import * as vscode from 'vscode';
import { plain } from '../notification';

/** How long a job may take to start before something is shown of it. */
const FIRST_SIGN = 300;

/**
 * Progress of one job in the notification area. Closing the notification leaves the job alone: VS Code
 * then shows the progress in the status bar.
 */
export class Toast {
  private progress: vscode.Progress<{ message?: string; increment?: number }> | undefined;
  private latest: { message: string; percentage: number } | undefined;
  private shown = 0;
  private opened = false;
  private close: () => void = () => undefined;
  private readonly closed = new Promise<void>((resolve) => { this.close = resolve; });
  private readonly timer: NodeJS.Timeout;

  /** `cancel` is called when the user wants the job to stop. */
  constructor(private readonly title: string, private readonly cancel: () => void) {
    this.timer = setTimeout(() => this.open(), FIRST_SIGN);
  }

  open(): void {
    clearTimeout(this.timer);
    if (this.opened) {
      return;
    }
    this.opened = true;
    const options = { location: vscode.ProgressLocation.Notification, title: plain(this.title), cancellable: true };
    // The callback comes later; what is reported before it is kept.
    void vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(this.cancel);
      this.progress = progress;
      this.show();
      return this.closed;
    });
  }

  report(message: string, percentage: number): void {
    this.latest = { message, percentage };
    this.show();
  }

  end(): void {
    clearTimeout(this.timer);
    this.opened = true;
    this.close();
  }

  private show(): void {
    if (this.progress !== undefined && this.latest !== undefined) {
      const { message, percentage } = this.latest;
      const increment = Math.max(0, percentage - this.shown);
      this.shown += increment;
      this.progress.report({ message: plain(message), increment });
    }
  }
}
