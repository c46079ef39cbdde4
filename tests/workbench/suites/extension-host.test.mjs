import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cases } from '../projects/cases.mjs';
import { casesOnDisk, folderOf, isLeftToJson, obstacle, SETTINGS_FOR_CASES } from '../projects/disk.mjs';
import { flowersAt } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { until } from '../workbench/workbench.mjs';

/** How long all tests in the extension host may take together. */
const RUN_MS = 280_000;

/** So many there are at least. */
const LEAST_TESTS = 50;

const SCHEMA = fileURLToPath(new URL('../../../schemas/configuration.schema.json', import.meta.url));

/** The codes of what the schema excludes. */
const OF_SCHEMA = new Set([
    'missing-key', 'unknown-key', 'wrong-case-key', 'wrong-type', 'out-of-range', 'invalid-value', 'empty-value', 'wrong-item-count', 'conflicting-keys',
]);

/** A fraction that is written with an exponent, which VS Code's service takes for a whole number, so that the server reports it. */
const isUnseen = ({ code, start, end }, text) => {
    const written = text.split('\n')[start.line - 1].slice(start.column - 1, end.column - 1);
    return code === 'wrong-type' && /^-?\d+e-\d+$/i.test(written);
};

const TESTS = fileURLToPath(new URL('../extension-host', import.meta.url));

describe('In the extension host', () => {
    const suite = useWorkbench(prepare, ({ project }) => ({
        settings: SETTINGS_FOR_CASES,
        environment: { WORKBENCH_HOST_RESULT: project.result, WORKBENCH_HOST_CASES: project.cases, WORKBENCH_HOST_TEXTS: project.texts },
        payload: { extensionDevelopmentPath: TESTS, extensionTestsPath: join(TESTS, 'index.cjs') },
    }));

    it('all tests of extension-host pass', async function () {
        this.timeout(2 * RUN_MS);
        const lines = () => readFileSync(suite.project.result, 'utf8').trimEnd().split('\n').filter(Boolean).map(JSON.parse);
        const isOver = await until(() => lines().some(({ end }) => end), 'it is over', RUN_MS).catch(() => false);
        const tests = lines().filter(({ title }) => title !== undefined);
        for (const { title, error } of tests) {
            console.log(`      ${error === undefined ? '✔' : '✘'} ${title}`);
        }
        assert.ok(isOver, `the extension host has run its tests within ${RUN_MS} ms`);
        const failures = tests.filter(({ error }) => error !== undefined);
        assert.equal(failures.map(({ title, error }) => `${title}\n${error}`).join('\n\n'), '');
        assert.ok(tests.length > LEAST_TESTS, `${tests.length} tests have run`);
    });
});

function prepare() {
    const possible = cases().filter((one) => obstacle(one) === undefined);
    const project = casesOnDisk(possible);
    const described = possible
        .map(({ title, text, expected }, index) => ({
            title,
            folder: folderOf(index),
            expected: expected.filter((problem) => !isLeftToJson(problem, text)),
        }))
        // That nothing is found is seen in the workbench, which shows when everything is checked.
        .filter(({ expected }) => expected.length > 0);
    const list = join(project.home, 'cases.json');
    writeFileSync(list, JSON.stringify(described));
    flowersAt(join(project.folder, 'flowers'));
    flowersAt(join(project.folder, 'misspelt'), { changes: { batch_size: undefined, batchsize: 10 } });
    flowersAt(join(project.folder, 'incomplete'), { changes: { batch_size: undefined } });
    flowersAt(join(project.folder, 'other'));
    writeFileSync(join(project.folder, 'other/configuration.json'), '{"name": "of another tool", "batch_size": "many"}\n');
    const result = join(project.home, 'result.jsonl');
    writeFileSync(result, '');
    const texts = join(project.home, 'texts.json');
    writeFileSync(texts, JSON.stringify(textsWithSchema(project.folder)));
    return { ...project, cases: list, texts, result };
}

/**
 * Every case about the schema as a text that names it, which VS Code's own service then checks. A key that stands twice
 * shows that the service has looked.
 */
function textsWithSchema(folder) {
    const about = cases().filter(({ title, facts }) => title.startsWith('schema: ') && !title.includes('whole text') && facts.length === 0);
    return about.map(({ title, text, expected }, index) => {
        const name = `named-${String(index).padStart(3, '0')}`;
        mkdirSync(join(folder, name));
        copyFileSync(SCHEMA, join(folder, name, 'named.schema.json'));
        const keys = '"$schema": "named.schema.json", "// seen": "once", "// seen": "twice"';
        const object = text.indexOf('{') + 1;
        const others = text.replace(/"\$schema": "[^"]*",?/, '');
        writeFileSync(join(folder, name, 'configuration.json'), `${others.slice(0, object)}${keys}, ${others.slice(object)}`);
        return { title, folder: name, violates: expected.some((problem) => OF_SCHEMA.has(problem.code) && !isUnseen(problem, text)) };
    });
}
