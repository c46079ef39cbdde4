// Makes the pictures of the documents, docs/pictures/*.png.

import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';

const FOLDER = fileURLToPath(new URL('../../../docs/pictures', import.meta.url));
const LARGEST = 150_000;
const VIEW = { viewport: { width: 1080, height: 640 }, settings: { 'editor.minimap.enabled': false } };

async function take(workbench, name) {
    mkdirSync(FOLDER, { recursive: true });
    const path = `${FOLDER}/${name}.png`;
    await workbench.page.screenshot({ path });
    assert.ok(statSync(path).size < LARGEST, `${path} is too large`);
}

describe('Picture of problems', () => {
    const changes = { batch_size: undefined, batchsize: 10, input_tensor_size: 224, evaluate_image_extension: 'JPG' };
    const suite = useWorkbench(() => flowers({ changes }), VIEW);

    it('problems.png', async () => {
        const { workbench } = suite;
        const { page } = workbench;
        await workbench.openFile('configuration.json');
        await workbench.showProblems();
        await workbench.ready();
        await workbench.problems.filter({ hasText: 'input-size-mismatch' }).waitFor();
        await workbench.editor.locator('.view-line span span', { hasText: 'batchsize' }).first().click();
        await page.keyboard.press('Control+.');
        await page.locator('.action-widget .monaco-list-row.focused').waitFor();
        await take(workbench, 'problems');
    });
});

describe('Pictures of a job', () => {
    const suite = useWorkbench(() => flowers({ copies: 20, changes: { batch_size: 100, iteration_count: 60 } }), VIEW);

    it('progress.png', async () => {
        const { workbench } = suite;
        await workbench.openFile('configuration.json');
        await workbench.ready();
        await workbench.run('Model Quantizer: Quantize');
        const toast = workbench.toast('Quantizing flowers');
        await toast.getByText(/calibrating: \d+\/6000 images, .+ left/).waitFor();
        await workbench.statusItem.getByText(/Quantizing flowers [1-9]\d %/).waitFor();
        await take(workbench, 'progress');
    });

    it('report.png', async () => {
        const { workbench } = suite;
        await workbench.toast('Quantized flowers').waitFor();
        await workbench.run('Notifications: Clear All Notifications');
        await workbench.run('Model Quantizer: Evaluate');
        const toast = workbench.toast('Evaluated flowers');
        await toast.getByRole('button', { name: 'Open Report' }).click();
        await toast.waitFor({ state: 'detached' });
        await workbench.webview.getByRole('heading', { name: 'Evaluation of' }).waitFor();
        await workbench.run('View: Toggle Primary Side Bar Visibility');
        await take(workbench, 'report');
    });
});
