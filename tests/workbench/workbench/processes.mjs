// Processes of this machine, as Linux lists them.

import { readdirSync, readFileSync } from 'node:fs';

/** Numbers of the processes that run a program below `folder` with this subcommand. */
export function running(folder, subcommand) {
    return readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => {
            const [program, first] = argumentsOf(pid);
            return program?.startsWith(folder) && first === subcommand;
        });
}

function argumentsOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    } catch {
        // It has ended meanwhile.
        return [];
    }
}
