import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
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

const TESTS = fileURLToPath(new URL('../extension-host', import.meta.url));

describe('In the extension host', () => {
    const suite = useWorkbench(prepare, ({ project }) => ({
        settings: SETTINGS_FOR_CASES,
        environment: { WORKBENCH_HOST_RESULT: project.result, WORKBENCH_HOST_CASES: project.cases },
        payload: { extensionDevelopmentPath: TESTS, extensionTestsPath: join(TESTS, 'index.cjs') },
    }));

    it('all tests of extension-host pass', async () => {
        const lines = () => readFileSync(suite.project.result, 'utf8').trimEnd().split('\n').filter(Boolean).map(JSON.parse);
        await until(() => lines().some(({ end }) => end), 'the extension host has run its tests', RUN_MS);
        const tests = lines().filter(({ title }) => title !== undefined);
        for (const { title, error } of tests) {
            console.log(`      ${error === undefined ? '✔' : '✘'} ${title}`);
        }
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
    return { ...project, cases: list, result };
}
