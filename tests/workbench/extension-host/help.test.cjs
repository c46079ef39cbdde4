const assert = require('node:assert/strict');
const vscode = require('vscode');
const { open } = require('./documents.cjs');

describe('Help', () => {
    it('completes each missing key once', async () => {
        const { document } = await open('incomplete/configuration.json');
        const position = document.positionAt(document.getText().indexOf('{') + 1);
        const { items } = await vscode.commands.executeCommand('vscode.executeCompletionItemProvider', document.uri, position);
        const labels = items.map(({ label }) => label.label ?? label);
        for (const key of ['batch_size', 'preprocessing']) {
            assert.equal(labels.filter((label) => label.replaceAll('"', '') === key).length, 1, labels.join(', '));
        }
        assert.ok(!labels.includes('output_dir'), 'a key that is there is not proposed');
    });

    it('explains a key once', async () => {
        const { document } = await open('flowers/configuration.json');
        const position = document.positionAt(document.getText().indexOf('iteration_count') + 3);
        const hovers = await vscode.commands.executeCommand('vscode.executeHoverProvider', document.uri, position);
        const texts = hovers.flatMap(({ contents }) => contents.map((content) => content.value ?? content));
        assert.equal(texts.filter((text) => text.includes('iteration_count')).length, 1, texts.join('\n---\n'));
    });

    it('repairs a misspelt key', async () => {
        const { document, diagnostics } = await open('misspelt/configuration.json');
        const [{ range }] = await diagnostics((found) => found.length > 0);
        const actions = await vscode.commands.executeCommand('vscode.executeCodeActionProvider', document.uri, range);
        const [preferred, ...others] = actions.filter(({ isPreferred }) => isPreferred);
        assert.deepEqual(others, []);
        assert.ok(await vscode.workspace.applyEdit(preferred.edit));
        assert.match(document.getText(), /"batch_size": 10/);
        assert.deepEqual(await diagnostics((found) => found.length === 0), []);
    });

    it('offers the jobs above the configuration', async () => {
        const { document } = await open('flowers/configuration.json');
        const lenses = await vscode.commands.executeCommand('vscode.executeCodeLensProvider', document.uri, 10);
        const commands = lenses.map(({ command }) => command.command);
        assert.deepEqual(commands.slice(0, 2), ['modelQuantizer.quantize', 'modelQuantizer.evaluate']);
    });
});
