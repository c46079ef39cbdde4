const assert = require('node:assert/strict');
const vscode = require('vscode');
const { open } = require('./documents.cjs');

describe('The extension', () => {
    const extension = vscode.extensions.getExtension('model-quantizer.model-quantizer');

    it('is the installed package', () => {
        assert.ok(extension);
        assert.ok(extension.extensionPath.startsWith(process.env.WORKBENCH_EXTENSIONS), extension.extensionPath);
    });

    it('registers every command that it contributes', async () => {
        await open('flowers/configuration.json');
        await extension.activate();
        const registered = new Set(await vscode.commands.getCommands(true));
        const contributed = extension.packageJSON.contributes.commands.map(({ command }) => command);
        assert.ok(contributed.length > 0);
        assert.deepEqual(contributed.filter((command) => !registered.has(command)), []);
    });

    it('leaves configurations of other tools alone', async () => {
        const ours = await open('misspelt/configuration.json');
        const other = await open('other/configuration.json');
        await ours.diagnostics((found) => found.length > 0);
        assert.deepEqual(vscode.languages.getDiagnostics(other.document.uri), []);
        const lenses = await vscode.commands.executeCommand('vscode.executeCodeLensProvider', other.document.uri);
        assert.deepEqual(lenses, []);
    });
});
