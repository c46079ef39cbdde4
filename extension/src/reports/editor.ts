import * as vscode from 'vscode';
import { LIMIT, page } from './page';

/** The editor for reports, which VS Code opens again after a reload. */
export const VIEW_TYPE = 'modelQuantizer.report';

class Report implements vscode.CustomDocument {
  constructor(readonly uri: vscode.Uri) {}

  dispose(): void {
    // Holds nothing.
  }
}

/** Shows a report, which is a self-contained page, and shows it anew when a job writes it again. */
export class ReportEditor implements vscode.CustomReadonlyEditorProvider<Report> {
  static register(): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(VIEW_TYPE, new ReportEditor(), {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { enableFindWidget: true },
    });
  }

  openCustomDocument(uri: vscode.Uri): Report {
    return new Report(uri);
  }

  async resolveCustomEditor({ uri }: Report, panel: vscode.WebviewPanel): Promise<void> {
    panel.webview.options = { enableScripts: false, enableForms: false, enableCommandUris: false, localResourceRoots: [] };
    let asked = 0;
    let disposed = false;
    const show = async (): Promise<void> => {
      asked += 1;
      const mine = asked;
      const report = await read(uri);
      // The panel may be gone by now, and a later look may have come first.
      if (!disposed && mine === asked) {
        panel.webview.html = page(report);
      }
    };
    const folder = vscode.Uri.joinPath(uri, '..');
    const name = uri.path.slice(uri.path.lastIndexOf('/') + 1).replace(/[[\]{}*?!]/g, '?');
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, name));
    watcher.onDidChange(show);
    watcher.onDidCreate(show);
    panel.onDidDispose(() => {
      disposed = true;
      watcher.dispose();
    });
    await show();
  }
}

async function read(uri: vscode.Uri): Promise<string> {
  try {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size > LIMIT) {
      return message(vscode.l10n.t('The report is too large to show ({0} MB); open it in a browser.', Math.round(size / 1e6)));
    }
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return message(vscode.l10n.t('The report is not there any more; run the job again.'));
  }
}

function message(text: string): string {
  return `<body><p>${text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)}</p>`;
}

/** Opens a report: a page in the editor for reports, anything else as VS Code would. */
export async function openReport(uri: vscode.Uri): Promise<void> {
  if (uri.path.endsWith('.html')) {
    await vscode.commands.executeCommand('vscode.openWith', uri, VIEW_TYPE, { preview: false });
  } else {
    await vscode.commands.executeCommand('vscode.open', uri);
  }
}
