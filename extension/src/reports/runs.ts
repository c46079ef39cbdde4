import { execFile } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { JobKind } from '../protocol';

/** A run that was kept (schemas/runs.schema.json). */
export interface Run {
  readonly name: string;
  /** The folder of the run. */
  readonly path: string;
  readonly job: JobKind;
  readonly time: string;
  readonly result: RunResult;
}

interface RunResult {
  readonly logits_sqnr_db?: number | null;
  readonly top_1_accuracy_keras?: number;
  readonly top_1_accuracy_tflite_quantized?: number;
}

/** What page of a comparison is called; package.json names the pattern. */
const COMPARISON = '.quantizer-comparison.html';
const PATIENCE = 60_000;

/**
 * The runs of a configuration, the newest first.
 * @throws Error with what the program says.
 */
export async function runsOf(program: string, configuration: string): Promise<Run[]> {
  const list: unknown = JSON.parse(await call(program, ['runs', '--json', '--', configuration]));
  const runs = (list as { runs?: unknown }).runs;
  return Array.isArray(runs) ? runs as Run[] : [];
}

/** The page that belongs to a run, if it is still there. */
export async function reportOfRun({ path: folder, job }: Run): Promise<vscode.Uri | undefined> {
  const page = path.join(folder, job === 'quantize' ? 'quantization_report.html' : 'evaluation_report.html');
  return stat(page).then(() => vscode.Uri.file(page), () => undefined);
}

/**
 * Has the program draw runs side by side, the oldest first, and returns the page.
 * @throws Error with what the program says.
 */
export async function compare(program: string, runs: readonly Run[], folder: string, name: string): Promise<vscode.Uri> {
  await mkdir(folder, { recursive: true });
  const page = path.join(folder, name + COMPARISON);
  const folders = [...runs].sort((a, b) => a.time.localeCompare(b.time)).map((run) => run.path);
  await call(program, ['compare', '--output', page, '--', ...folders]);
  return vscode.Uri.file(page);
}

/** A run as an item to pick. */
export function item(run: Run): vscode.QuickPickItem & { readonly run: Run } {
  const { time, job, result } = run;
  const moment = new Date(time).toLocaleString(vscode.env.language);
  const label = job === 'quantize' ? vscode.l10n.t('Quantize, {0}', moment) : vscode.l10n.t('Evaluate, {0}', moment);
  return { label, description: describe(result), run };
}

function describe({ logits_sqnr_db: ratio, top_1_accuracy_keras: keras, top_1_accuracy_tflite_quantized: quantized }: RunResult): string {
  if (typeof ratio === 'number') {
    return vscode.l10n.t('logits SQNR {0} dB', ratio.toFixed(1));
  }
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  return keras === undefined || quantized === undefined ? '' : `top-1 ${percent(keras)} → ${percent(quantized)}`;
}

function call(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: PATIENCE, shell: false, windowsHide: true, maxBuffer: 64 * 1024 * 1024 } as const;
    execFile(program, args, options, (error, output, errors) => {
      if (error === null) {
        resolve(output);
      } else {
        reject(new Error(errors.trim().replace(/^error: /, '') || error.message));
      }
    });
  });
}
