import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { until } from '../workbench/workbench.mjs';

describe('A job that takes long', () => {
    // Every image once, by one thread: a quarter of a minute on an idle machine.
    const suite = useWorkbench(
        () => flowers({ copies: 20, changes: { batch_size: 100, iteration_count: 60 } }),
        { settings: { 'modelQuantizer.threads': 1 } },
    );

    it('shows a toast and the status bar item at work, and Cancel leaves earlier files alone', async () => {
        const { workbench, project } = suite;
        const output = join(project.folder, 'output');
        mkdirSync(output);
        for (const name of ['model.tflite', 'model_quantized.tflite']) {
            writeFileSync(join(output, name), 'earlier');
        }
        await workbench.openFile('configuration.json');
        await workbench.ready();
        await workbench.run('Model Quantizer: Quantize');

        const toast = workbench.toast('Quantizing flowers');
        await toast.getByText(/calibrating: \d+\/6000 images, .+ left/).waitFor();
        await workbench.statusItem.getByText(/Quantizing flowers \d+ %/).waitFor();
        await workbench.screenshot('quantize-progress');

        await toast.getByRole('button', { name: 'Cancel' }).click();
        await toast.waitFor({ state: 'detached' });
        await workbench.ready();
        await workbench.screenshot('quantize-cancelled');
        assert.equal(await workbench.page.locator('.notification-toast').count(), 0, 'cancelling is not reported as a failure');
        assert.deepEqual(readdirSync(output).sort(), ['model.tflite', 'model_quantized.tflite']);
        for (const name of readdirSync(output)) {
            assert.equal(readFileSync(join(output, name), 'utf8'), 'earlier');
        }
    });

    it('goes on when its toast is closed, and can be cancelled from the menu of the status bar item', async () => {
        const { workbench } = suite;
        const { page } = workbench;
        await workbench.run('Model Quantizer: Quantize');
        const toast = workbench.toast('Quantizing flowers');
        await toast.getByText(/calibrating: \d+\/6000 images/).waitFor();
        await toast.focus();
        await page.keyboard.press('Escape');
        await toast.waitFor({ state: 'hidden' });
        const percentage = async () => Number(/(\d+) %/.exec(await workbench.statusItem.innerText())?.[1]);
        const before = await percentage();
        await until(async () => (await percentage()) > before, 'the job goes on');
        await workbench.screenshot('quantize-without-toast');
        await workbench.statusItem.click();
        await workbench.quickRow('Cancel Quantize of flowers').waitFor();
        await workbench.screenshot('menu');
        await workbench.quickRow('Cancel Quantize of flowers').click();
        await workbench.ready();
        assert.equal(await page.locator('.notification-toast').count(), 0);
    });
});

describe('Quantize and Evaluate', () => {
    const suite = useWorkbench(() => flowers());

    it('Quantize writes both models and says so', async () => {
        const { workbench, project } = suite;
        await workbench.openFile('configuration.json');
        await workbench.ready();
        await workbench.run('Model Quantizer: Quantize');
        const toast = workbench.toast('Quantized flowers');
        await toast.getByRole('button', { name: 'Open Report' }).waitFor();
        await toast.getByRole('button', { name: 'Reveal File' }).waitFor();
        await workbench.screenshot('quantize-done');
        for (const name of ['model.tflite', 'model_quantized.tflite']) {
            const identifier = readFileSync(join(project.folder, 'output', name)).subarray(4, 8);
            assert.equal(identifier.toString(), 'TFL3', name);
        }
    });

    it('Open Report shows the numbers of the quantization', async () => {
        const { workbench, project } = suite;
        await workbench.toast('Quantized flowers').getByRole('button', { name: 'Open Report' }).click();
        const report = JSON.parse(readFileSync(join(project.folder, 'output/quantization_report.json'), 'utf8'));
        const page = workbench.webview;
        await page.getByRole('heading').first().waitFor();
        await workbench.screenshot('quantization-report');
        const text = await page.locator('body').innerText();
        const { comparison, files, calibration, layers } = report;
        const shown = [
            `${comparison.logits_sqnr_db.toFixed(1)} dB`,
            `${(100 * comparison.top_1_agreement).toFixed(1)} %`,
            `${(files.quantized_bytes / 1000).toFixed(1)} kB`,
            `${calibration.images} images`,
            ...layers.map(({ name }) => name),
        ];
        assert.deepEqual(shown.filter((number) => !text.includes(number)), []);
    });

    it('Evaluate writes results.json and says what is in it', async () => {
        const { workbench, project } = suite;
        await workbench.openFile('configuration.json');
        await workbench.run('Model Quantizer: Evaluate');
        const toast = workbench.toast('Evaluated flowers');
        await toast.waitFor();
        await workbench.screenshot('evaluate-done');
        const results = JSON.parse(readFileSync(join(project.folder, 'results/results.json'), 'utf8'));
        assert.equal(results.images, 200);
        const text = await toast.innerText();
        for (const { top_1_accuracy: accuracy } of results.models) {
            assert.ok(accuracy > 0.8, `${accuracy}`);
            assert.ok(text.includes(`${(100 * accuracy).toFixed(1)} %`), text);
        }
    });

    it('Open Report shows the numbers of the evaluation', async () => {
        const { workbench, project } = suite;
        await workbench.toast('Evaluated flowers').getByRole('button', { name: 'Open Report' }).click();
        const page = workbench.webview;
        await page.getByRole('heading', { name: 'Evaluation of flowers.h5' }).waitFor();
        await workbench.screenshot('evaluation-report');
        const table = await page.getByRole('table', { name: 'Accuracy of the three models' }).innerText();
        const results = JSON.parse(readFileSync(join(project.folder, 'results/results.json'), 'utf8'));
        const shown = results.models.map(({ top_1_accuracy: accuracy }) => `${(100 * accuracy).toFixed(1)} %`);
        assert.equal(shown.length, 3);
        assert.deepEqual(shown.filter((accuracy) => !table.includes(accuracy)), []);
    });

    it('a report fits narrow and wide panels', async () => {
        const { workbench } = suite;
        const { page, webview } = workbench;
        await workbench.run('View: Toggle Primary Side Bar Visibility');
        const table = webview.getByRole('region', { name: 'Accuracy of the three models' });
        const figures = webview.locator('.figures > div');
        for (const width of [700, 940, 1280]) {
            await page.setViewportSize({ width, height: 800 });
            await until(() => webview.locator('body').evaluate((body, most) => body.clientWidth < most && body.clientWidth > most - 200, width), 'the panel has its new width');
            await workbench.screenshot(`report-${width}`);
            assert.equal(await table.evaluate((region) => region.scrollWidth - region.clientWidth), 0, `the table is cut off in ${width} pixels`);
            const tops = await figures.evaluateAll((all) => all.map((each) => each.getBoundingClientRect().top));
            const rows = [...new Set(tops)].map((top) => tops.filter((each) => each === top).length);
            assert.ok(rows.every((count) => count === rows[0]), `${width} pixels: rows of ${rows} figures`);
        }
    });
});
