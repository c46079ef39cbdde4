import assert from 'node:assert/strict';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';

const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff]/;

describe('In Japanese', () => {
    const suite = useWorkbench(() => flowers({ copies: 20, changes: { batch_size: 100, iteration_count: 60, evaluate_image_extension: 'JPG' } }), {
        language: 'ja',
        settings: { 'modelQuantizer.threads': 1 },
    });

    it('are commands, the status bar and a job', async () => {
        const { workbench } = suite;
        const { page } = workbench;
        await workbench.openFile('configuration.json');
        await workbench.statusItem.and(page.locator('[aria-label*="準備完了"]')).waitFor();
        await workbench.run('Model Quantizer: 量子化');
        const toast = workbench.toast('flowers');
        await toast.getByText(/6000/).waitFor();
        await workbench.screenshot('japanese-job');
        assert.match(await toast.innerText(), /キャリブレーション中: \d+\/6000 枚/);
        assert.match(await workbench.statusItem.innerText(), JAPANESE);
        await toast.getByRole('button', { name: 'Cancel' }).click();
        await toast.waitFor({ state: 'detached' });
    });

    it('are problems and explanations', async () => {
        const { workbench } = suite;
        await workbench.showProblems();
        const problem = workbench.problems.filter({ hasText: 'extension-matches-nothing' });
        await problem.waitFor();
        assert.match(await problem.innerText(), JAPANESE);
        await workbench.editor.locator('.view-line span span', { hasText: 'output_dir' }).first().hover();
        const hover = workbench.page.locator('.monaco-hover', { hasText: 'model_quantized.tflite' });
        await hover.waitFor();
        await workbench.screenshot('japanese-hover');
        assert.match(await hover.innerText(), JAPANESE);
    });
});

describe('In Japanese, a configuration with a misspelt key', () => {
    const suite = useWorkbench(() => flowers({ changes: { iteration_count: undefined, iterations_count: 30 } }), {
        language: 'ja',
    });

    it('has what the server says in Japanese', async () => {
        const { workbench } = suite;
        const { page, editor } = workbench;
        await workbench.openFile('configuration.json');
        await workbench.statusItem.and(page.locator('[aria-label*="準備完了"]')).waitFor();
        await editor.locator('.codelens-decoration', { hasText: '量子化' }).first().waitFor();
        await page.locator('.squiggly-error').first().waitFor();
        const word = editor.locator('.view-line span span', { hasText: 'iterations_count' }).first();
        await word.hover();
        const problem = '`iterations_count` というキーはありません。もしかして `iteration_count` ですか?';
        await page.locator('.monaco-hover', { hasText: problem }).waitFor();
        await workbench.screenshot('japanese-problem');
        await page.keyboard.press('Escape');
        await word.click();
        await page.keyboard.press('Control+.');
        const fix = page.locator('.action-widget .monaco-list-row', { hasText: '名前を `iteration_count` に変更' });
        await fix.waitFor();
        await workbench.screenshot('japanese-fix');
        await page.keyboard.press('Escape');
    });
});
