import assert from 'node:assert/strict';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';

const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff]/;

describe('In Japanese', () => {
    const suite = useWorkbench(() => flowers({ copies: 20, changes: { batch_size: 100, iteration_count: 60 } }), {
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
        assert.match(await toast.innerText(), JAPANESE);
        assert.match(await workbench.statusItem.innerText(), JAPANESE);
        await toast.getByRole('button', { name: 'Cancel' }).click();
        await toast.waitFor({ state: 'detached' });
    });
});
