import * as vscode from 'vscode';

/** One answer that can be picked. */
export interface Option<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
}

/** Where a question stands among the others. */
export interface Place {
  readonly title: string;
  readonly step: number;
  readonly steps: number;
}

/** An answer, or the wish to see the question before it, or to stop. */
export type Reply<T> = { readonly value: T } | 'back' | 'stop';

/** Asks the user one thing after the other. */
export interface Questions {
  pick<T>(place: Place, prompt: string, options: readonly Option<T>[]): Promise<Reply<T>>;
  input(place: Place, prompt: string, proposal: string, problem: (text: string) => string | undefined): Promise<Reply<string>>;
  /** Asks for a file or folder; undefined when the user does not choose one. */
  browse(prompt: string, kind: 'file' | 'folder' | 'either', filters?: Record<string, string[]>): Promise<string | undefined>;
}

/** Questions at the top of the window. */
export const quickInput: Questions = {
  pick<T>(place: Place, prompt: string, options: readonly Option<T>[]): Promise<Reply<T>> {
    const input = vscode.window.createQuickPick<Option<T> & vscode.QuickPickItem>();
    input.items = [...options];
    input.placeholder = prompt;
    input.matchOnDescription = true;
    input.matchOnDetail = true;
    return ask(input, place, () => input.selectedItems[0]);
  },

  async input(place, prompt, proposal, problem) {
    const input = vscode.window.createInputBox();
    input.prompt = prompt;
    input.value = proposal;
    input.onDidChangeValue((text) => {
      input.validationMessage = problem(text) ?? '';
    });
    return ask(input, place, () => {
      const found = problem(input.value);
      input.validationMessage = found ?? '';
      return found === undefined ? { value: input.value } : undefined;
    });
  },

  async browse(prompt, kind, filters) {
    const chosen = await vscode.window.showOpenDialog({
      title: prompt,
      canSelectFiles: kind !== 'folder',
      canSelectFolders: kind !== 'file',
      canSelectMany: false,
      ...filters === undefined ? {} : { filters },
    });
    return chosen?.[0]?.fsPath;
  },
};

function ask<T>(input: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox, place: Place, accepted: () => { readonly value: T } | undefined): Promise<Reply<T>> {
  input.title = place.title;
  input.step = place.step;
  input.totalSteps = place.steps;
  input.ignoreFocusOut = true;
  input.buttons = place.step > 1 ? [vscode.QuickInputButtons.Back] : [];
  return new Promise<Reply<T>>((resolve) => {
    input.onDidAccept(() => {
      const answer = accepted();
      if (answer !== undefined) {
        resolve({ value: answer.value });
      }
    });
    input.onDidTriggerButton(() => resolve('back'));
    input.onDidHide(() => resolve('stop'));
    input.show();
  }).finally(() => input.dispose());
}
