import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';

const NAMES = ['evaluation_report.html', 'quantization_report.html', 'results.json'];
const KEYS = ['evaluate_result_dir', 'output_dir'];

/** The reports that the jobs of a configuration have written, the newest first. */
export async function reportsOf(configuration: vscode.Uri): Promise<vscode.Uri[]> {
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(configuration));
  const base = path.dirname(configuration.fsPath);
  const folders = KEYS.flatMap((key) => pathIn(text, key) ?? []).map((folder) => path.resolve(base, folder));
  const files = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  const found = await Promise.all(files.map(async (file) => stat(file).then(({ mtimeMs }) => [{ file, mtimeMs }], () => [])));
  return found.flat().sort((a, b) => b.mtimeMs - a.mtimeMs).map(({ file }) => vscode.Uri.file(file));
}

/** The value of a key at the top level of a configuration, also while the rest is being typed. */
export function pathIn(text: string, key: string): string | undefined {
  const found = new RegExp(`"${key}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*")`).exec(text)?.[1];
  try {
    return found === undefined ? undefined : JSON.parse(found) as string;
  } catch {
    return undefined;
  }
}
