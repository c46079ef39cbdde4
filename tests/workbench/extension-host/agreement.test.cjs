const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const vscode = require('vscode');
const { open } = require('./documents.cjs');

/** Texts that name their schema, as suites/extension-host.test.mjs has written them. */
const TEXTS = JSON.parse(readFileSync(process.env.WORKBENCH_HOST_TEXTS, 'utf8'));

/** VS Code's own service checks a text that names our schema, and the server leaves that to it. So both have to agree. */
describe("VS Code's service for JSON agrees", () => {
    for (const { title, folder, violates } of TEXTS) {
        it(title, async () => {
            const { document, diagnostics } = await open(`${folder}/configuration.json`);
            // The service looks at what is shown only.
            await vscode.window.showTextDocument(document, { preview: true });
            const others = (all) => all.filter(({ source }) => source !== 'model-quantizer').map(({ message }) => message);
            const isSeen = (message) => message.startsWith('Duplicate');
            const found = others(await diagnostics((all) => others(all).some(isSeen)));
            assert.ok(found.some(isSeen), `the service has looked: ${found}`);
            const violations = found.filter((message) => !isSeen(message));
            assert.equal(violations.length > 0, violates, violations.join('\n'));
        });
    }
});
