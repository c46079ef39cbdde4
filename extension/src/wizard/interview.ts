import * as path from 'node:path';
import { l10n } from 'vscode';
import schema from '../../../schemas/configuration.schema.json';
import type { Option, Place, Questions, Reply } from './questions';
import type { Dataset } from './search';
import type { Beginning, Draft, Labels } from './wizard';

/** One question, which fills in a part of the draft. */
export interface Step {
  /** Whether it has to be asked at all. */
  readonly applies: () => boolean;
  readonly ask: (place: Place) => Promise<Reply<unknown>>;
}

/** The questions about a new configuration. */
export class Interview {
  constructor(private readonly questions: Questions, private readonly beginning: Beginning, private readonly draft: Draft) {}

  steps(): Step[] {
    const always = (): boolean => true;
    return [
      { applies: () => this.beginning.model === undefined, ask: (place) => this.model(place) },
      { applies: () => this.isSizeUnknown(), ask: (place) => this.size(place) },
      { applies: always, ask: (place) => this.calibration(place) },
      { applies: always, ask: (place) => this.evaluation(place) },
      { applies: always, ask: (place) => this.labels(place) },
      { applies: always, ask: (place) => this.preprocessing(place) },
      { applies: always, ask: (place) => this.target(place) },
      { applies: always, ask: (place) => this.folder(place) },
    ];
  }

  private async model(place: Place): Promise<Reply<string>> {
    const { findings, shown, inspect } = this.beginning;
    const options = findings.models.map((file) => ({ label: shown(file), value: file }));
    const prompt = l10n.t('The trained Keras model: a .keras or .h5 file, or the folder of a SavedModel');
    const reply = await this.pickOrBrowse(place, prompt, options, 'either', (file) => file);
    return take(reply, async (model) => {
      this.draft.model = model;
      this.draft.inspection = await inspect(model);
    });
  }

  private isSizeUnknown(): boolean {
    const size = this.draft.inspection?.size;
    if (size !== undefined) {
      this.draft.size = size;
    }
    return size === undefined;
  }

  private async size(place: Place): Promise<Reply<string>> {
    const { minimum, maximum, default: proposal } = schema.properties.input_tensor_size;
    const fits = (side: number): boolean => side >= minimum && side <= maximum;
    const problem = (text: string): string | undefined =>
      sides(text)?.every(fits) === true ? undefined : l10n.t('A whole number from {0} to {1}, or height × width', minimum, maximum);
    const prompt = l10n.t('Height and width of the model\'s input in pixels');
    const present = [this.draft.size ?? proposal].flat().join(' × ');
    const reply = await this.questions.input(place, prompt, present, problem);
    return take(reply, (text) => {
      const [height, width] = sides(text) ?? [proposal];
      this.draft.size = width === undefined || height === width ? height : [height, width];
    });
  }

  private async calibration(place: Place): Promise<Reply<Dataset>> {
    const found = preferring(/train|calib/i, this.beginning.findings.datasets);
    const prompt = l10n.t('Images for calibration, about 300 of those that the model was trained with');
    return take(await this.dataset(place, prompt, found), ({ folder, images }) => {
      this.draft.calibration = folder;
      delete this.draft.calibrationImages;
      if (images > 0) {
        this.draft.calibrationImages = images;
      }
    });
  }

  private async evaluation(place: Place): Promise<Reply<Dataset>> {
    const labelled = this.beginning.findings.datasets.filter(({ classes }) => classes.length > 0);
    const prompt = l10n.t('Images for evaluation, in one folder for each class');
    return take(await this.dataset(place, prompt, preferring(/val|test|eval/i, labelled)), (dataset) => {
      this.draft.dataset = dataset;
      this.draft.evaluation = dataset.folder;
      this.draft.extension = dataset.extension;
    });
  }

  /** Files with as many classes as the model come first, then a file that is made. */
  private async labels(place: Place): Promise<Reply<Labels>> {
    const { findings, shown } = this.beginning;
    const wanted = this.draft.inspection?.classes;
    const option = ({ file, classes }: { file: string; classes: number }): Option<Labels> =>
      ({ label: shown(file), description: l10n.t('{0} classes', classes), value: { file } });
    const folders = this.draft.dataset?.classes ?? [];
    const made: Option<Labels>[] = folders.length === 0 ? [] : [{
      label: `$(new-file) ${l10n.t('Make a label file from the class folders')}`,
      description: l10n.t('{0} classes', folders.length),
      detail: l10n.t('In alphabetical order, as Keras numbers them'),
      value: { classes: folders },
    }];
    const fitting = findings.labels.filter(({ classes }) => classes === wanted);
    const others = findings.labels.filter(({ classes }) => classes !== wanted);
    const options = [...fitting.map(option), ...made, ...others.map(option)];
    const prompt = l10n.t('The position of each class in the model\'s output');
    return take(await this.pickOrBrowse<Labels>(place, prompt, options, 'file', (file) => ({ file })), (labels) => {
      this.draft.labels = labels;
    });
  }

  private async preprocessing(place: Place): Promise<Reply<string>> {
    const presets = described(schema.$defs.preset);
    // A model that scales pixels itself must not get them scaled.
    const own = this.draft.inspection?.normalizes === true;
    const none = presets.filter(({ value }) => own && value === 'none')
      .map((option) => ({ ...option, description: l10n.t('the model scales pixels itself') }));
    const options = [...none, ...presets.filter(({ value }) => !own || value !== 'none')];
    const prompt = l10n.t('How images were prepared when the model was trained');
    return take(await this.questions.pick(place, prompt, options), (preprocessing) => {
      this.draft.preprocessing = preprocessing;
    });
  }

  private async target(place: Place): Promise<Reply<string>> {
    const prompt = l10n.t('The device that the quantized model is for');
    return take(await this.questions.pick(place, prompt, described(schema.$defs.knownTarget)), (target) => {
      this.draft.target = target;
    });
  }

  private async folder(place: Place): Promise<Reply<string>> {
    const { folders, shown, isFree } = this.beginning;
    const beside = path.dirname(this.draft.model ?? '');
    const proposed = new Set([...folders, ...await isFree(beside) ? [beside] : []]);
    const options = [...proposed].map((value) => ({ label: shown(value), value }));
    for (;;) {
      const reply = await this.pickOrBrowse(place, l10n.t('The folder of the new configuration.json'), options, 'folder', (file) => file);
      if (typeof reply === 'string' || await isFree(reply.value)) {
        return take(reply, (folder) => {
          this.draft.folder = folder;
        });
      }
    }
  }

  private dataset(place: Place, prompt: string, found: readonly Dataset[]): Promise<Reply<Dataset>> {
    const { shown } = this.beginning;
    const options = found.map((each) => ({ label: shown(each.folder), description: size(each), value: each }));
    return this.pickOrBrowse(place, prompt, options, 'folder', (folder) => ({ folder, images: 0, classes: [], extension: 'jpg' }));
  }

  /** Asks with one more option: to browse for the answer. */
  private async pickOrBrowse<T>(place: Place, prompt: string, options: readonly Option<T>[], kind: 'file' | 'folder' | 'either', made: (file: string) => T): Promise<Reply<T>> {
    const browse: Option<T | undefined> = { label: `$(folder-opened) ${l10n.t('Browse…')}`, value: undefined };
    for (;;) {
      const reply = await this.questions.pick<T | undefined>(place, prompt, [...options, browse]);
      if (typeof reply === 'string') {
        return reply;
      }
      if (reply.value !== undefined) {
        return { value: reply.value };
      }
      const file = await this.questions.browse(prompt, kind);
      if (file !== undefined) {
        return { value: made(file) };
      }
    }
  }
}

/** Does something with an answer, if it is one. */
async function take<T>(reply: Reply<T>, fill: (value: T) => void | Promise<void>): Promise<Reply<T>> {
  if (typeof reply !== 'string') {
    await fill(reply.value);
  }
  return reply;
}

/** The values of the schema with its texts. */
function described({ enum: values, enumDescriptions: texts }: { readonly enum: readonly string[]; readonly enumDescriptions: readonly string[] }): Option<string>[] {
  return values.map((value, position) => ({ label: value, detail: texts[position] ?? '', value }));
}

function size({ images, classes }: Dataset): string {
  return classes.length > 0 ? l10n.t('{0} images in {1} classes', images, classes.length) : l10n.t('{0} images', images);
}

/** Those whose name says what they are for come first. */
function preferring(name: RegExp, datasets: readonly Dataset[]): Dataset[] {
  const fits = ({ folder }: Dataset): number => Number(name.test(path.basename(folder)));
  return [...datasets].sort((a, b) => fits(b) - fits(a));
}

/** One whole number or two, as `240 × 320`, `240 x 320` or `240, 320`. */
function sides(text: string): [number, ...number[]] | undefined {
  const [, height, width] = /^\s*(\d+)\s*(?:[x×,]\s*(\d+)\s*)?$/i.exec(text) ?? [];
  if (height === undefined) {
    return undefined;
  }
  return width === undefined ? [Number(height)] : [Number(height), Number(width)];
}
