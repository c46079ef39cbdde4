import { execFile } from 'node:child_process';

/** What the program tells about a model (schemas/inspect.schema.json). */
export interface Inspection {
  /** Side of the square input in pixels. */
  readonly size?: number;
  readonly classes?: number;
  /** Whether layers of the model map pixel values themselves. */
  readonly normalizes: boolean;
  /** Why the model cannot be converted. */
  readonly refusal?: string;
}

const PATIENCE = 30_000;

/** Asks the program about a model; an empty answer where it knows nothing. */
export function inspect(program: string, model: string): Promise<Inspection> {
  return new Promise((resolve) => {
    const options = { timeout: PATIENCE, killSignal: 'SIGKILL', shell: false, windowsHide: true, maxBuffer: 64 * 1024 * 1024 } as const;
    // Exit code 1 is a model that cannot be converted, and has the same answer.
    execFile(program, ['inspect', '--json', '--', model], options, (_error, output) => {
      resolve(read(output));
    });
  });
}

export function read(output: string): Inspection {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    return { normalizes: false };
  }
  if (typeof value !== 'object' || value === null) {
    return { normalizes: false };
  }
  const { inputs, classes, input_normalizations: normalizations, refusal } = value as Record<string, unknown>;
  const [input] = Array.isArray(inputs) ? inputs as { shape?: unknown }[] : [];
  const shape = Array.isArray(input?.shape) ? input.shape as unknown[] : [];
  // Channels may come first or last: the third axis is a side of the image either way.
  const side = shape[2];
  return {
    ...typeof side === 'number' ? { size: side } : {},
    ...typeof classes === 'number' ? { classes } : {},
    ...typeof refusal === 'string' ? { refusal } : {},
    normalizes: Array.isArray(normalizations) && normalizations.length > 0,
  };
}
