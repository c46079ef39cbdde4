import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { until } from '../workbench/workbench.mjs';

describe('A job that fails', () => {
    const suite = useWorkbench(() => {
        const project = flowers();
        // No check looks for a folder of this name, and no job can replace it by a file.
        mkdirSync(join(project.folder, 'output/model.tflite'), { recursive: true });
        return project;
    });

    it('says why, what to do, and where the log is', async () => {
        const { workbench } = suite;
        await workbench.openFile('configuration.json');
        await workbench.showProblems();
        await workbench.ready();
        assert.equal(await workbench.problems.count(), 0);
        await workbench.run('Model Quantizer: Quantize');
        const toast = workbench.toast('Quantizing flowers failed');
        await toast.getByRole('button', { name: 'Show Log' }).waitFor();
        await workbench.screenshot('job-failed');
        const text = await toast.innerText();
        assert.match(text, /output\/model\.tflite/, 'the cause');
        assert.match(text, /move that away/, 'the remedy');
    });

    it('underlines the value at fault, and Show Problem leads there', async () => {
        const { workbench } = suite;
        const problem = workbench.problems.filter({ hasText: 'job-failed' });
        await problem.waitFor();
        assert.equal(await workbench.problems.count(), 1);
        await workbench.run('View: Close All Editors');
        await workbench.toast('Quantizing flowers failed').getByRole('button', { name: 'Show Problem' }).click();
        await workbench.page.locator('.squiggly-error').first().waitFor();
        const line = workbench.editor.locator('.view-line', { hasText: '"output_dir"' });
        const mark = workbench.page.locator('.squiggly-error').first();
        await until(async () => {
            // The editor may draw them anew at any moment.
            const [text, place] = await Promise.all([line.first().boundingBox(), mark.boundingBox()]);
            return text !== null && place !== null && Math.abs(text.y - place.y) < 3;
        }, 'the mark is in the line of output_dir');
        await workbench.page.locator('.statusbar-item', { hasText: /\(\d+ selected\)/ }).waitFor();
        await workbench.screenshot('job-failed-problem');
    });

    it('has its failure in the log', async () => {
        const { workbench } = suite;
        await workbench.run('Model Quantizer: Show Log');
        await workbench.page.locator('.part.panel .view-line', { hasText: /quantize-1\sfailed/ }).first().waitFor();
        await workbench.screenshot('job-failed-log');
    });

    it('is forgotten when the text changes', async () => {
        const { workbench } = suite;
        await workbench.openFile('configuration.json');
        await workbench.editor.locator('.view-lines').click({ position: { x: 300, y: 5 } });
        await workbench.page.keyboard.press('Control+End');
        await workbench.page.keyboard.type(' ');
        await workbench.page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
    });
});
