import * as path from 'node:path';
import schema from '../../../schemas/configuration.schema.json';
import { compare } from './search';
import type { Size } from './inspect';

/** Everything that the user is asked for. */
export interface Answers {
  readonly model: string;
  readonly size: Size;
  readonly calibration: string;
  /** Images in the folder for calibration, if they were counted. */
  readonly calibrationImages?: number;
  readonly evaluation: string;
  readonly extension: string;
  readonly labels: string;
  readonly preprocessing: string;
  readonly target: string;
}

type Values = Record<string, unknown>;

/**
 * The text of a configuration in `folder`: the required keys in the order of the schema, what was not
 * asked for at its default.
 */
export function compose(folder: string, answers: Answers): string {
  const place = (file: string): string => relative(folder, file);
  const chosen: Values = {
    source_keras_model: place(answers.model),
    dataset_image_dir: place(answers.calibration),
    ...samples(answers.calibrationImages),
    input_tensor_size: answers.size,
    evaluate_image_dir: place(answers.evaluation),
    evaluate_image_extension: answers.extension,
    evaluate_label_file: place(answers.labels),
  };
  const properties = schema.properties as Record<string, { readonly default?: unknown }>;
  const required = schema.required.map((key) => [key, chosen[key] ?? properties[key]?.default]);
  const values: Values = { ...Object.fromEntries(required) as Values, preprocessing: answers.preprocessing, target: answers.target };
  // Height and width stand on one line, as the documentation writes them.
  const text = JSON.stringify(values, undefined, 4).replace(/\[\s+(\d+),\s+(\d+)\s+\]/, '[$1, $2]');
  return `${text}\n`;
}

/** With few images, smaller batches, and no more of them than reach every image once. */
function samples(images: number | undefined): Values {
  const batch = schema.properties.batch_size.default;
  const iterations = schema.properties.iteration_count.default;
  if (images === undefined || images >= batch * iterations) {
    return {};
  }
  const size = Math.max(1, Math.min(batch, images));
  return { batch_size: size, iteration_count: Math.max(1, Math.ceil(images / size)) };
}

/** A path as configurations have it: from their folder, with slashes. */
function relative(folder: string, file: string): string {
  const way = path.relative(folder, file);
  return path.isAbsolute(way) ? way : way.split(path.sep).join('/') || '.';
}

/** A label file for the class folders of a data set. */
export function composeLabels(classes: readonly string[]): string {
  const sorted = [...classes].sort(compare);
  // A class may be called like a number, which an object would move to its front.
  const members = sorted.map((name, position) => `    ${JSON.stringify(name)}: ${position}`);
  return `{\n${members.join(',\n')}\n}\n`;
}
