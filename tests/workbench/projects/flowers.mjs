// The demo project, in a folder of its own.

import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FLOWERS = fileURLToPath(new URL('../../../examples/flowers', import.meta.url));

/**
 * A workspace that holds the demo. `changes` replaces members of the configuration, or removes those that it gives as
 * undefined; `copies` is how many times every training image is there, which makes jobs take longer.
 */
export function flowers(options) {
    const home = mkdtempSync(join(tmpdir(), 'workbench-project-'));
    const folder = join(home, 'flowers');
    flowersAt(folder, options);
    const configuration = join(folder, 'configuration.json');
    return { folder, configuration, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** Puts the demo into a folder. */
export function flowersAt(folder, { changes = {}, copies = 1 } = {}) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['labels.json', 'model', 'dataset']) {
        cpSync(join(FLOWERS, name), join(folder, name), { recursive: true });
    }
    const configuration = JSON.parse(readFileSync(join(FLOWERS, 'configuration.json'), 'utf8'));
    writeFileSync(join(folder, 'configuration.json'), `${JSON.stringify({ ...configuration, ...changes }, undefined, 4)}\n`);
    multiply(join(folder, 'dataset', 'training'), copies);
}

function multiply(folder, copies) {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
        for (let copy = 1; entry.isFile() && copy < copies; copy += 1) {
            linkSync(join(entry.parentPath, entry.name), join(entry.parentPath, `${copy}-${entry.name}`));
        }
    }
}
