import * as vscode from 'vscode';

/** Scheme of the pages on findings. */
const SCHEME = 'model-quantizer-help';

/** Where the server's diagnostics link to, each with its code as fragment. */
export const DOCUMENTATION = `${SCHEME}:/diagnostics.md`;

/** Shows the section on a finding when the user clicks on its code. */
export class Help implements vscode.TextDocumentContentProvider {
  constructor(private readonly page: vscode.Uri) {}

  static register(extension: vscode.Uri): vscode.Disposable {
    const page = vscode.Uri.joinPath(extension, 'dist', 'diagnostics.md');
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, new Help(page));
  }

  async provideTextDocumentContent({ fragment }: vscode.Uri): Promise<string> {
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(this.page));
    return section(text, fragment);
  }
}

/** The section with this heading; the whole page where there is none. */
export function section(page: string, heading: string): string {
  const found = page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`));
  return found === undefined ? page : `${found.replace(/^##/, '#').trimEnd()}\n`;
}
