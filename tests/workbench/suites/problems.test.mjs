import assert from 'node:assert/strict';
import { cases } from '../projects/cases.mjs';
import { casesOnDisk, folderOf, isLeftToJson, obstacle, onDisk, SETTINGS_FOR_CASES } from '../projects/disk.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { until } from '../workbench/workbench.mjs';

describe('Problems', () => {
    const all = cases();
    const possible = all.filter((one) => obstacle(one) === undefined);
    const chosen = oneOfEachCode(possible);
    const suite = useWorkbench(() => casesOnDisk(chosen), { settings: SETTINGS_FOR_CASES });

    before(async () => {
        const { workbench } = suite;
        await workbench.openFile(`${folderOf(0)}/configuration.json`);
        await workbench.showProblems();
        await workbench.ready();
        await workbench.run('View: Close Editor');
    });

    afterEach(async function () {
        if (this.currentTest.state === 'failed') {
            await suite.workbench.run('View: Close All Editors');
        }
    });

    for (const [index, one] of chosen.entries()) {
        it(`${one.title} (once, at its place)`, async () => {
            const { workbench, project } = suite;
            const folder = `${project.folder}/${folderOf(index)}`;
            const ours = one.expected
                .filter((problem) => !isLeftToJson(problem, one.text))
                .map(({ code, message, start }) => `${onDisk(message, folder)}model-quantizer${code}[Ln ${start.line}, Col ${start.column}]`)
                .sort();
            await workbench.openFile(`${folderOf(index)}/configuration.json`);
            const leftToJson = one.expected.length > ours.length;
            await until(async () => {
                const { ours: shown, others } = await found(workbench);
                return shown.length >= ours.length && (others.length > 0 || !leftToJson);
            }, `${one.expected.length} problems are shown`);
            await workbench.ready();
            const { ours: shown, others } = await found(workbench);
            assert.deepEqual(shown.sort(), ours);
            if (!leftToJson) {
                assert.deepEqual(others, []);
            }
            await workbench.run('View: Close Editor');
            await until(async () => (await workbench.problems.count()) === 0, 'the problems of a closed file are gone');
        });
    }

    for (const one of all.filter((one) => obstacle(one) !== undefined)) {
        it.skip(`${one.title}: ${obstacle(one)}`);
    }
});

/**
 * The first case of every code, those that are about syntax, which two services could report, and those without a
 * problem. All others are seen in the extension host.
 */
function oneOfEachCode(cases) {
    const seen = new Set();
    return cases.filter(({ title, expected }) => {
        const isNew = expected.some(({ code }) => !seen.has(code));
        expected.forEach(({ code }) => seen.add(code));
        return isNew || expected.length === 0 || title.startsWith('syntax');
    });
}

async function found(workbench) {
    const ours = [];
    const others = [];
    for (const row of await workbench.problems.all()) {
        const text = (await row.textContent()) ?? '';
        (text.includes('model-quantizer') ? ours : others).push(text);
    }
    return { ours, others };
}
