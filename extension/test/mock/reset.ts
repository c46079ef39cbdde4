import { beforeEach } from 'vitest';
import { clients } from './languageclient';
import { configuration, opened, window, workspace } from './vscode';

beforeEach(() => {
  clients.length = 0;
  opened.length = 0;
  configuration.clear();
  window.activeTextEditor = undefined;
  window.tabGroups.activeTabGroup.activeTab = undefined;
  workspace.isTrusted = true;
  workspace.textDocuments = [];
  workspace.workspaceFolders = undefined;
});
