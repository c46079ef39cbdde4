// The browser that shows the workbench.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const FLAGS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

export async function launchBrowser() {
    const executablePath = PLACES.find((place) => existsSync(place));
    if (!executablePath) {
        throw new Error(`Chromium is in none of these places: ${PLACES.join(', ')}`);
    }
    return chromium.launch({ executablePath, headless: true, args: FLAGS });
}
