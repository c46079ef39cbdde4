import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseReport, compareRuns } from '../src/reports/choose';
import { item } from '../src/reports/runs';
import { commands, Uri, window } from './mock/vscode';

let root: string;
let configuration: never;

const run = (name: string, job: string, result: object): object => ({ name, path: path.join(root, 'output/runs', name), job, time: `${name}T00:00:00Z`, result });

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'runs-'));
  await mkdir(path.join(root, 'output/runs/2026-01-02'), { recursive: true });
  await writeFile(path.join(root, 'configuration.json'), '{"output_dir": "output"}');
  configuration = Uri.file(path.join(root, 'configuration.json')) as never;
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

/** A program that lists these runs and notes how it was called. */
async function program(runs: object[]): Promise<string> {
  const file = path.join(root, 'program');
  await writeFile(path.join(root, 'runs.json'), JSON.stringify({ folder: '', runs, damaged: [] }));
  await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "$@" > '${root}/arguments'\ncat '${root}/runs.json'\n`, { mode: 0o755 });
  return file;
}

describe.skipIf(process.platform === 'win32')('past runs', () => {
  test('are offered behind the latest reports', async () => {
    await writeFile(path.join(root, 'output/quantization_report.html'), '');
    await writeFile(path.join(root, 'output/runs/2026-01-02/evaluation_report.html'), '');
    let offered: { label: string; description?: string }[] = [];
    window.showQuickPick.mockImplementationOnce(async (items) => {
      offered = items as typeof offered;
      return offered[2];
    });
    await chooseReport(await program([run('2026-01-02', 'evaluate', { top_1_accuracy_keras: 0.9, top_1_accuracy_tflite_quantized: 0.905 })]), configuration);
    expect(offered.map(({ label }) => label)).toEqual([expect.stringContaining('quantization_report.html'), 'Past runs', expect.stringMatching(/^Evaluate, /)]);
    expect(offered[2]?.description).toBe('top-1 90.0 % → 90.5 %');
    const opened = expect.objectContaining({ fsPath: path.join(root, 'output/runs/2026-01-02/evaluation_report.html') }) as unknown;
    expect(commands.executeCommand).toHaveBeenCalledWith('vscode.openWith', opened, 'modelQuantizer.report', { preview: false });
  });

  test('are not asked for without a program, and nothing is said to be nothing', async () => {
    await chooseReport(undefined, configuration);
    expect(window.showInformationMessage).toHaveBeenCalledWith('There is no report yet; run Quantize or Evaluate first.');
  });

  test('are compared by the program, the oldest first', async () => {
    const runs = [run('2026-01-03', 'quantize', { logits_sqnr_db: 31 }), run('2026-01-02', 'quantize', { logits_sqnr_db: null })];
    const made = await program(runs);
    // One run is not enough: the question comes again.
    window.showQuickPick.mockImplementationOnce(async (items) => (items as unknown[]).slice(0, 1)).mockImplementationOnce(async (items) => items);
    await compareRuns(made, configuration, Uri.file(path.join(root, 'storage')));
    const page = path.join(root, 'storage', `${path.basename(root)}.quantizer-comparison.html`);
    expect((await readFile(path.join(root, 'arguments'), 'utf8')).trim().split('\n'))
      .toEqual(['compare', '--output', page, '--', path.join(root, 'output/runs/2026-01-02'), path.join(root, 'output/runs/2026-01-03')]);
    expect(commands.executeCommand).toHaveBeenCalledWith('vscode.openWith', expect.objectContaining({ fsPath: page }), 'modelQuantizer.report', { preview: false });
  });

  test('that are too few are not compared, and what the program says is passed on', async () => {
    await compareRuns(await program([]), configuration, Uri.file(root));
    expect(window.showInformationMessage).toHaveBeenCalledWith(expect.stringContaining('There are no two runs'));
    const broken = path.join(root, 'broken');
    await writeFile(broken, '#!/bin/sh\necho "error: the folder is gone" >&2\nexit 2\n', { mode: 0o755 });
    await expect(compareRuns(broken, configuration, Uri.file(root) as never)).rejects.toThrow(/^the folder is gone$/);
  });
});

test('a run is described by its result', () => {
  expect(item({ name: 'a', path: '/a', job: 'quantize', time: '2026-01-02T03:04:05Z', result: { logits_sqnr_db: 30.61 } }).description).toBe('logits SQNR 30.6 dB');
});
