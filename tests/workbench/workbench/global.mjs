// Installs the package once for all suites.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { folder, installExtension } from './server.mjs';

let installed;

export async function mochaGlobalSetup() {
    for (const old of ['screenshots', 'logs']) {
        rmSync(join(folder(), old), { recursive: true, force: true });
    }
    installed = await installExtension(process.env.WORKBENCH_PACKAGE);
    process.env.WORKBENCH_EXTENSIONS = installed.extensions;
}

export function mochaGlobalTeardown() {
    installed?.remove();
}
