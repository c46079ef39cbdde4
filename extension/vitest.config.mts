import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      'vscode-languageclient/node': path('test/mock/languageclient.ts'),
      vscode: path('test/mock/vscode.ts'),
    },
  },
  test: { include: ['test/**/*.test.ts'], clearMocks: true, setupFiles: ['test/mock/reset.ts'] },
});
