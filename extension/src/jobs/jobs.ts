import * as vscode from 'vscode';
import { isFinal } from '../protocol';
import type { JobStatus } from '../protocol';

/** Jobs that have ended and are still known. */
const REMEMBERED = 20;

/** All jobs of the running server, as its events tell. */
export class Jobs implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<JobStatus>();
  private readonly known = new Map<string, JobStatus>();

  /** Fires with every event of a job. */
  readonly onDidChange = this.changed.event;

  update(status: JobStatus): void {
    this.known.set(status.id, status);
    const ended = [...this.known.values()].filter((job) => isFinal(job.state));
    for (const { id } of ended.slice(0, Math.max(0, ended.length - REMEMBERED))) {
      this.known.delete(id);
    }
    const running = this.running().length > 0;
    void vscode.commands.executeCommand('setContext', 'modelQuantizer.jobRunning', running);
    this.changed.fire(status);
  }

  get(id: string): JobStatus | undefined {
    return this.known.get(id);
  }

  /** Jobs that have not ended, the oldest first. */
  running(): JobStatus[] {
    return [...this.known.values()].filter((job) => !isFinal(job.state));
  }

  /** Resolves with the last event of a job; `each` gets all of them. */
  follow(id: string, each: (status: JobStatus) => void): Promise<JobStatus> {
    return new Promise((resolve) => {
      const take = (status: JobStatus): boolean => {
        each(status);
        if (isFinal(status.state)) {
          resolve(status);
        }
        return isFinal(status.state);
      };
      // Events may come before the answer that names the job.
      const status = this.get(id);
      if (status !== undefined && take(status)) {
        return;
      }
      const subscription = this.onDidChange((changed) => {
        if (changed.id === id && take(changed)) {
          subscription.dispose();
        }
      });
    });
  }

  /** Ends every job: the server that ran them is gone, and so are they. */
  abandon(error: string): void {
    for (const job of this.running()) {
      this.update({ ...job, state: 'failed', message: '', error });
    }
    this.known.clear();
  }

  dispose(): void {
    this.changed.dispose();
  }
}
