import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ReportEditor } from '../src/reports/editor';
import { Uri, workspace } from './mock/vscode';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'reports-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

/** A panel as VS Code has it: what is shown in one that is gone is an error. */
function panel(): { readonly shown: string[]; readonly options: unknown; dispose: () => void; readonly value: never } {
  const shown: string[] = [];
  const disposals: (() => void)[] = [];
  let disposed = false;
  const webview = {
    options: {},
    set html(html: string) {
      if (disposed) {
        throw new Error('Webview is disposed');
      }
      shown.push(html);
    },
  };
  const dispose = (): void => {
    disposed = true;
    disposals.forEach((each) => each());
  };
  return { shown, options: webview, dispose, value: { webview, onDidDispose: (action: () => void) => disposals.push(action) } as never };
}

test('a report is shown without scripts, and again when it was written again', async () => {
  let changed: () => Promise<void> = () => Promise.resolve();
  const watcher = { onDidChange: (action: typeof changed) => { changed = action; }, onDidCreate: vi.fn(), onDidDelete: vi.fn(), dispose: vi.fn() };
  workspace.createFileSystemWatcher.mockReturnValueOnce(watcher as never);
  const file = path.join(root, 'evaluation_report.html');
  await writeFile(file, '<p>first</p>');
  const { shown, options, dispose, value } = panel();
  await new ReportEditor().resolveCustomEditor({ uri: Uri.file(file) } as never, value);
  expect(options).toMatchObject({ options: { enableScripts: false, enableForms: false, localResourceRoots: [] } });
  expect(shown[0]).toMatch(/Content-Security-Policy.*default-src 'none'.*<p>first<\/p>/s);
  await writeFile(file, '<p>second</p>');
  await Promise.all([changed(), changed()]);
  expect(shown.slice(1).map((html) => html.includes('second'))).toEqual([true]);
  const late = changed();
  dispose();
  await late;
  expect(shown).toHaveLength(2);
  expect(watcher.dispose).toHaveBeenCalled();
});

test('a report that is not there is said to be so', async () => {
  const { shown, value } = panel();
  await new ReportEditor().resolveCustomEditor({ uri: Uri.file(path.join(root, 'none.html')) } as never, value);
  expect(shown[0]).toContain('run the job again');
});
