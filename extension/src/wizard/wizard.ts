import { l10n } from 'vscode';
import type { Answers } from './compose';
import { Interview } from './interview';
import type { Inspection } from './inspect';
import type { Questions } from './questions';
import type { Dataset, Findings } from './search';

/** Where class names come from: a file, or the class folders, of which a file is made. */
export type Labels = { readonly file: string } | { readonly classes: readonly string[] };

/** What the user has chosen. */
export type Choices = Omit<Answers, 'labels'> & { readonly folder: string; readonly labels: Labels };

/** What the wizard begins with. */
export interface Beginning {
  readonly findings: Findings;
  /** Folders to propose for the configuration; none of them has one with any text. */
  readonly folders: readonly string[];
  /** The model, when the user has said which. */
  readonly model?: string;
  /** How a path is shown. */
  readonly shown: (file: string) => string;
  readonly inspect: (model: string) => Promise<Inspection>;
  /** Whether a folder is free for a new configuration. */
  readonly isFree: (folder: string) => Promise<boolean>;
}

/** What is chosen and known so far. */
export type Draft = { -readonly [Key in keyof Choices]?: Choices[Key] } & {
  inspection?: Inspection;
  /** The images for evaluation. */
  dataset?: Dataset;
};

/** Asks for everything that a configuration needs. Undefined when the user stops. */
export async function wizard(questions: Questions, beginning: Beginning): Promise<Choices | undefined> {
  const draft: Draft = {};
  if (beginning.model !== undefined) {
    draft.model = beginning.model;
    draft.inspection = await beginning.inspect(beginning.model);
  }
  const steps = new Interview(questions, beginning, draft).steps();
  const asked: number[] = [];
  let position = 0;
  while (position < steps.length) {
    const step = steps[position];
    if (step?.applies() !== true) {
      position += 1;
      continue;
    }
    const reply = await step.ask({ title: l10n.t('New Configuration'), step: asked.length + 1, steps: steps.filter((each) => each.applies()).length });
    if (reply === 'stop') {
      return undefined;
    }
    if (reply === 'back') {
      position = asked.pop() ?? 0;
    } else {
      asked.push(position);
      position += 1;
    }
  }
  return complete(draft);
}

function complete({ folder, model, size, calibration, evaluation, extension, labels, preprocessing, target, calibrationImages }: Draft): Choices | undefined {
  if (
    folder === undefined || model === undefined || size === undefined || calibration === undefined || evaluation === undefined
    || extension === undefined || labels === undefined || preprocessing === undefined || target === undefined
  ) {
    return undefined;
  }
  return {
    folder, model, size, calibration, evaluation, extension, labels, preprocessing, target,
    ...calibrationImages === undefined ? {} : { calibrationImages },
  };
}
