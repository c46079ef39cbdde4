/** What the language server and this extension say to each other (docs/language-server.md). */

export type JobKind = 'quantize' | 'evaluate';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** The parameters of `modelQuantizer/job`. */
export interface JobStatus {
  readonly id: string;
  readonly job: JobKind;
  /** URI of the configuration. */
  readonly uri: string;
  readonly state: JobState;
  /** What the job is doing, in words; may be empty. */
  readonly message: string;
  /** From 0 to 100; never falls. */
  readonly percentage: number;
  readonly result: JobResult | null;
  readonly error: string | null;
  /** Where the value that is at fault stands in the configuration. */
  readonly range?: Range | null;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** The `result` event of `schemas/events.schema.json`, as far as it is shown here. */
export interface JobResult {
  readonly job: JobKind;
  readonly quantized_model?: WrittenFile;
  readonly report?: WrittenFile;
  readonly results?: WrittenFile;
  readonly logits_sqnr_db?: number | null;
  readonly models?: readonly ModelLine[];
  /** What the user should look at, in whole sentences. */
  readonly warnings?: readonly string[];
}

export interface WrittenFile {
  /** Absolute path. */
  readonly path: string;
  readonly bytes: number;
}

export interface ModelLine {
  readonly name: string;
  /** From 0 to 1. */
  readonly top_1_accuracy: number;
}

/** What is to happen when a job on the same configuration runs already. */
export type WhenRunning = 'refuse' | 'queue' | 'replace';

/** The second argument of the commands that start jobs. */
export interface JobChoices {
  readonly running?: WhenRunning;
  readonly threads?: number;
}

/** Position in a document as the protocol has it: lines and UTF-16 units from 0. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Why a job does not start: the `data` of the error that answers the command. */
export type Refusal =
  | { readonly reason: 'findings'; readonly uri: string; readonly range: Range }
  | { readonly reason: 'unsaved' }
  | { readonly reason: 'running'; readonly id: string }
  | { readonly reason: 'untrusted' }
  | { readonly reason: 'other' };

/** Names of commands and notifications on the wire. */
export const wire = {
  quantize: 'modelQuantizer.quantize',
  evaluate: 'modelQuantizer.evaluate',
  cancel: 'modelQuantizer.cancel',
  createFolder: 'modelQuantizer.createFolder',
  job: 'modelQuantizer/job',
  status: 'modelQuantizer/status',
  didGrantTrust: 'modelQuantizer/didGrantTrust',
} as const;

export function isFinal(state: JobState): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Reads the refusal out of whatever a request was rejected with. */
export function refusalOf(error: unknown): Refusal {
  const data = isObject(error) ? error['data'] : undefined;
  if (!isObject(data)) {
    return { reason: 'other' };
  }
  const { reason, uri, range, id } = data;
  if (reason === 'findings' && typeof uri === 'string' && isRange(range)) {
    return { reason, uri, range };
  }
  if (reason === 'running' && typeof id === 'string') {
    return { reason, id };
  }
  if (reason === 'unsaved' || reason === 'untrusted') {
    return { reason };
  }
  return { reason: 'other' };
}

function isRange(value: unknown): value is Range {
  return isObject(value) && isPosition(value['start']) && isPosition(value['end']);
}

function isPosition(value: unknown): value is Position {
  return isObject(value) && Number.isInteger(value['line']) && Number.isInteger(value['character']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
