import { execFile } from 'node:child_process';

/** The side of a square input in pixels, or height and width. */
export type Size = number | readonly [number, number];

/** What the program tells about a model (schemas/inspect.schema.json). */
export interface Inspection {
  readonly size?: Size;
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
  const size = sides(shape);
  return {
    ...size === undefined ? {} : { size },
    ...typeof classes === 'number' ? { classes } : {},
    ...typeof refusal === 'string' ? { refusal } : {},
    normalizes: Array.isArray(normalizations) && normalizations.length > 0,
  };
}

/** Channels may come first or last, where there are few of them. */
function sides([, first, second, third]: unknown[]): Size | undefined {
  const channelsFirst = typeof first === 'number' && first <= 4 && typeof third === 'number' && third > 4;
  const [height, width] = channelsFirst ? [second, third] : [first, second];
  if (typeof height !== 'number' || typeof width !== 'number') {
    return undefined;
  }
  return height === width ? height : [height, width];
}
