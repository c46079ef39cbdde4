import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { until } from '../workbench/workbench.mjs';

/** The steps of the walkthrough, each with what only its picture has. */
const STEPS = [
    { title: 'Write a configuration', picture: 'text:text("source_keras_model")' },
    { title: 'Quantize', picture: 'svg[fill="none"]' },
    { title: 'Evaluate', picture: 'text:text("TFLite int8")' },
];

describe('What a new user finds', () => {
    const suite = useWorkbench(() => {
        const project = flowers();
        writeFileSync(project.configuration, '');
        return project;
    });

    it('a walkthrough with a picture and a command for each step', async () => {
        const { workbench } = suite;
        const { page } = workbench;
        await workbench.run('Welcome: Open Walkthrough...');
        await workbench.quickInput.fill('Quantize a Keras model');
        await workbench.quickRow('Quantize a Keras model').click();
        const steps = page.locator('.gettingStartedContainer .getting-started-step');
        await steps.nth(2).waitFor();
        assert.equal(await steps.count(), 3);
        for (const [index, { title, picture }] of STEPS.entries()) {
            const step = steps.nth(index);
            assert.equal((await step.locator('.step-title').innerText()).trim(), title);
            const expanded = step.and(page.locator('.expanded'));
            if (!(await expanded.isVisible())) {
                await step.locator('.step-title').click();
            }
            await expanded.getByRole('button').filter({ hasText: index === 0 ? 'New Configuration' : title }).first().waitFor();
            await workbench.webview.locator(picture).first().waitFor();
            await workbench.screenshot(`walkthrough-${index + 1}`);
            assert.ok(!(await step.innerText()).includes('`'), 'step texts know no code marks');
        }
        await workbench.run('View: Close All Editors');
    });

    it('an empty file that is completed to a whole configuration, once', async () => {
        const { workbench, project } = suite;
        const { page } = workbench;
        await workbench.openFile('configuration.json');
        await workbench.showProblems();
        await workbench.problems.filter({ hasText: 'the file is empty' }).waitFor();
        await workbench.editor.locator('.view-lines').click();
        await page.keyboard.press('Control+Space');
        const proposed = page.locator('.suggest-widget .monaco-list-row', { hasText: 'configuration' });
        await proposed.first().waitFor();
        await workbench.screenshot('completion-empty');
        assert.equal(await proposed.count(), 1);
        await proposed.first().click();
        await page.keyboard.press('Control+S');
        const saved = () => readFileSync(project.configuration, 'utf8');
        await until(() => saved().includes('"evaluate_result_dir"'), 'the configuration is saved');
        assert.equal(Object.keys(JSON.parse(saved())).filter((key) => !key.startsWith('//')).length, 10);
    });

    it('snippets that fill a file, and do not disturb in one', async () => {
        const { workbench } = suite;
        const { page } = workbench;
        await workbench.run('Snippets: Fill File with Snippet');
        await workbench.quickRow('Model Quantizer configuration').waitFor();
        await workbench.screenshot('snippets');
        await page.keyboard.press('Escape');
        const keys = ['"target": "imx500"'];
        await workbench.editor.locator('.view-lines').click();
        await page.keyboard.press('Control+End');
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('End');
        await page.keyboard.type(`,\n${keys[0]},\n`);
        await page.keyboard.press('Control+Space');
        const suggestions = page.locator('.suggest-widget .monaco-list-row');
        await suggestions.filter({ hasText: 'preprocessing' }).first().waitFor();
        await workbench.screenshot('completion-inside');
        assert.equal(await suggestions.filter({ hasText: /model-quantizer|quantize$/ }).count(), 0, 'whole files are not proposed inside one');
        assert.equal(await suggestions.filter({ hasText: '$schema' }).count(), 1, 'two services propose different keys');
    });
});
