const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { open } = require('./documents.cjs');

/** Cases with the folder of each, as suites/extension-host.test.mjs has laid them out. */
const CASES = JSON.parse(readFileSync(process.env.WORKBENCH_HOST_CASES, 'utf8'));

describe('Diagnostics', () => {
    for (const { title, folder, expected } of CASES) {
        it(title, async () => {
            const { diagnostics } = await open(`${folder}/configuration.json`);
            const wanted = expected.map(({ code, start, end }) => `${code} ${start.line}:${start.column}-${end.line}:${end.column}`).sort();
            const found = await diagnostics((all) => ours(all).length === wanted.length);
            assert.deepEqual(ours(found).map(described).sort(), wanted);
            for (const { code } of ours(found)) {
                assert.ok(code.target.path.endsWith('diagnostics.md') && code.target.fragment === code.value, `${code.target} explains ${code.value}`);
            }
        });
    }
});

function ours(diagnostics) {
    return diagnostics.filter(({ source }) => source === 'model-quantizer');
}

function described({ code, range: { start, end } }) {
    return `${code.value} ${start.line + 1}:${start.character + 1}-${end.line + 1}:${end.character + 1}`;
}
