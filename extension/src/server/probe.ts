import { execFile } from 'node:child_process';
import { l10n } from 'vscode';

/** How long a program may take to say its version. */
const PATIENCE = 10_000;

const VERSION = /^model-quantizer (\d+\.\d+\.\d+\S*)\s*$/;

/** Asks a program for its version, without a shell. */
export function probe(program: string): Promise<{ version: string } | { problem: string }> {
  return new Promise((resolve) => {
    const options = { timeout: PATIENCE, killSignal: 'SIGKILL', shell: false, windowsHide: true, maxBuffer: 64 * 1024 } as const;
    execFile(program, ['--version'], options, (error, output, errors) => {
      const version = VERSION.exec(output)?.[1];
      if (error === null && version !== undefined) {
        resolve({ version });
      } else if (error?.killed === true) {
        resolve({ problem: l10n.t('no answer to --version within {0} seconds', PATIENCE / 1000) });
      } else if (error !== null) {
        const said = errors.trim().split('\n')[0];
        resolve({ problem: said !== undefined && said !== '' ? said : l10n.t('does not start: {0}', error.message) });
      } else {
        resolve({ problem: l10n.t('not Model Quantizer: its answer to --version is another program\'s') });
      }
    });
  });
}
