// Documents of the workspace and what is found in them.

const vscode = require('vscode');

const PATIENCE_MS = 20_000;

/** Opens a file by its path below the workspace. */
exports.open = async (path) => {
    const [{ uri }] = vscode.workspace.workspaceFolders;
    const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(uri, path));
    return { document, diagnostics: (accept) => diagnostics(document.uri, accept) };
};

/** The diagnostics of a file, once `accept` takes them; the last ones if it never does. */
function diagnostics(uri, accept) {
    return new Promise((resolve) => {
        const look = () => {
            const found = vscode.languages.getDiagnostics(uri);
            if (accept(found)) {
                end(found);
            }
        };
        const end = (found) => {
            clearTimeout(timer);
            subscription.dispose();
            resolve(found);
        };
        const subscription = vscode.languages.onDidChangeDiagnostics(look);
        const timer = setTimeout(() => end(vscode.languages.getDiagnostics(uri)), PATIENCE_MS);
        look();
    });
}
