import assert from 'node:assert/strict';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { running } from '../workbench/processes.mjs';

describe('A workspace that is not trusted', () => {
    // The size is wrong for the model, which only reading the model tells.
    const suite = useWorkbench(() => flowers({ changes: { batch_size: 0, input_tensor_size: 224 } }), { trusted: false });

    it('is checked without reading models', async () => {
        const { workbench } = suite;
        await workbench.openFile('configuration.json');
        await workbench.statusItem.and(workbench.page.locator('[aria-label*="not trusted"]')).waitFor();
        await workbench.showProblems();
        await workbench.problems.filter({ hasText: 'out-of-range' }).waitFor();
        await workbench.screenshot('restricted');
        assert.equal(await workbench.problems.count(), 1);
        assert.equal(await workbench.editor.getByText('samples').count(), 0, 'no samples are counted');
        assert.equal(running(process.env.WORKBENCH_EXTENSIONS, 'lsp').length, 1);
    });

    it('has no jobs', async () => {
        const { workbench } = suite;
        const { page } = workbench;
        await workbench.ask('F1', '>Model Quantizer: ');
        await workbench.quickRow('Model Quantizer: Show Log').waitFor();
        for (const job of ['Quantize', 'Evaluate', 'Quantize and Evaluate']) {
            assert.equal(await workbench.quickRow(`Model Quantizer: ${job}`).count(), 0, job);
        }
        await page.keyboard.press('Escape');
    });

    it('is checked in full once it is trusted', async () => {
        const { workbench } = suite;
        await workbench.run('Workspaces: Manage Workspace Trust');
        await workbench.page.getByRole('button', { name: 'Trust', exact: true }).click();
        await workbench.problems.filter({ hasText: 'input-size-mismatch' }).waitFor();
        await workbench.screenshot('trusted');
    });
});
